//! Guides: one task each, from its beginning, with code that is compiled and run.
//!
//! Begin with `es_core::guide::first_aggregate`; the account of these guides is from there.

// Each step is a separate file. Its code is compiled, and run, after the code of the steps before.

/// A code block with the content of a file, after the files that it continues.
macro_rules! code {
    ($file:literal, after $($before:literal),+) => {
        code!("", $file, "# fn main() {}\n", $($before),+)
    };
    (run $file:literal, after $($before:literal),+) => {
        code!("", $file, "", $($before),+)
    };
    (no_run $file:literal, after $($before:literal),+) => {
        code!("no_run", $file, "", $($before),+)
    };
    ($options:literal, $file:literal, $end:literal, $($before:literal),+) => {
        concat!(
            "```", $options, "\n",
            $("# include!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/", $before, "\"));\n",)+
            include_str!(concat!("docs/", $file)),
            $end,
            "```\n"
        )
    };
}

#[doc = include_str!("docs/web_service/1_problem.md")]
#[doc = code!("web_service/problem.rs", after "src/docs/account.rs")]
#[doc = include_str!("docs/web_service/2_command.md")]
#[doc = code!("web_service/command.rs", after "src/docs/account.rs", "src/docs/web_service/problem.rs")]
#[doc = include_str!("docs/web_service/3_routes.md")]
#[doc = code!(
    "web_service/routes.rs",
    after "src/docs/account.rs", "src/docs/web_service/problem.rs", "src/docs/web_service/command.rs"
)]
#[doc = include_str!("docs/web_service/4_program.md")]
#[doc = code!(
    no_run "web_service/program.rs",
    after "src/docs/account.rs", "src/docs/web_service/problem.rs", "src/docs/web_service/command.rs",
    "src/docs/web_service/routes.rs"
)]
#[doc = include_str!("docs/web_service/5_test.md")]
#[doc = code!(
    run "web_service/test.rs",
    after "src/docs/account.rs", "src/docs/web_service/problem.rs", "src/docs/web_service/command.rs",
    "src/docs/web_service/routes.rs"
)]
#[doc = include_str!("docs/web_service/6_next.md")]
pub mod web_service {}

#[doc = include_str!("docs/observing/1_spans.md")]
#[doc = code!("observing/spans.rs", after "src/docs/account.rs")]
#[doc = include_str!("docs/observing/2_trace_id.md")]
#[doc = code!("observing/trace_id.rs", after "src/docs/account.rs")]
#[doc = include_str!("docs/observing/3_metrics.md")]
#[doc = code!("observing/metrics.rs", after "src/docs/account.rs")]
#[doc = include_str!("docs/observing/4_program.md")]
#[doc = code!(
    run "observing/program.rs",
    after "src/docs/account.rs", "src/docs/observing/spans.rs", "src/docs/observing/trace_id.rs",
    "src/docs/observing/metrics.rs"
)]
#[doc = include_str!("docs/observing/5_alerts.md")]
#[doc = concat!("```yaml\n", include_str!("docs/observing/alerts.yaml"), "```\n")]
#[doc = include_str!("docs/observing/6_next.md")]
pub mod observing {}

#[doc = include_str!("docs/tenants/1_tenant.md")]
#[doc = code!("tenants/tenant.rs", after "src/docs/account.rs")]
#[doc = include_str!("docs/tenants/2_stores.md")]
#[doc = code!("tenants/stores.rs", after "src/docs/account.rs", "src/docs/tenants/tenant.rs")]
#[doc = include_str!("docs/tenants/3_use.md")]
#[doc = code!(
    run "tenants/use.rs",
    after "src/docs/account.rs", "src/docs/tenants/tenant.rs", "src/docs/tenants/stores.rs"
)]
#[doc = include_str!("docs/tenants/4_roles.md")]
#[doc = code!(
    "tenants/add.rs",
    after "src/docs/account.rs", "src/docs/tenants/tenant.rs", "src/docs/tenants/stores.rs"
)]
#[doc = include_str!("docs/tenants/5_daily.md")]
pub mod tenants {}

#[cfg(test)]
mod tests {
    /// An alert for a metric that does not exist never fires.
    #[test]
    fn alerts_name_metrics_that_exist() {
        let listed = include_str!("metrics.rs");
        let expressions = include_str!("docs/observing/alerts.yaml").lines().filter(|line| line.contains("expr:"));
        let mut named = 0;
        for expression in expressions {
            let words = expression.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            for metric in words.filter(|word| word.starts_with("es_mongo_")) {
                // Prometheus adds these to the name of a histogram.
                let histogram = ["_bucket", "_count", "_sum"].iter().find_map(|end| metric.strip_suffix(end));
                let (name, kind) = histogram.map_or((metric, "!("), |name| (name, "histogram!("));
                assert!(listed.contains(&format!("{kind}\"{name}\"")), "{metric}");
                named += 1;
            }
        }
        assert!(named >= 9, "{named}");
    }
}

use es_core::projection::Row;

#[derive(Row)]
#[row = "daily_total"]
struct Total {
    day: String,
    cents: i64,
}

fn main() {}

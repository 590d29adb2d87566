use es_core::projection::Row;

#[derive(Row)]
#[row(key = String, name = "daily/total")]
struct Total {
    day: String,
    cents: i64,
}

fn main() {}

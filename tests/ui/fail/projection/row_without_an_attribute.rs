use es_core::projection::Row;

#[derive(Row)]
struct Total {
    day: String,
    cents: i64,
}

fn main() {}

use es_core::projection::Row;

#[derive(Row)]
#[row(key = aggregate_id)]
struct Total {
    day: String,
    cents: i64,
}

fn main() {}

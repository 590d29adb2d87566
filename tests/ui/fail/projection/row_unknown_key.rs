use es_core::projection::Row;

#[derive(Row)]
#[row(key = String, indexes(day), vrsion = 1)]
struct Total {
    day: String,
    cents: i64,
}

fn main() {}

use es_core::projection::Row;

#[derive(Row)]
#[row(index(day))]
struct Total {
    day: String,
    cents: i64,
}

fn main() {}

use es_core::projection::Row;

#[derive(Row)]
#[row(key = Vec<u8>)]
struct Total {
    day: String,
    cents: i64,
}

fn main() {}

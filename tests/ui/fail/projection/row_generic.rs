use es_core::projection::Row;

#[derive(Row)]
#[row(key = String)]
struct Total<T> {
    cents: T,
}

fn main() {}

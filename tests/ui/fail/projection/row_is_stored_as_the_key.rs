use es_core::projection::Row;

#[derive(Row)]
#[row(key = String)]
struct Total {
    #[serde(rename = "_id")]
    day: String,
}

fn main() {}

use es_core::projection::Row;

#[derive(Row)]
#[row(key = String)]
struct Total {
    cents: std::rc::Rc<i64>,
    money: Money,
}

struct Money;

fn main() {}

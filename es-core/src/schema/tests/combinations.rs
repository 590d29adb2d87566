//! Every representation of serde inside every other: the tracer finishes, and the shape is that of
//! the stored values.

use std::any::type_name;
use std::collections::{BTreeMap, BTreeSet};

use bson::{Bson, Document};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::schema::collect::encode;
use crate::schema::shape::{Shape, Tagging};
use crate::schema::trace::trace;

/// A type with values that together show everything that it can store.
trait Shown: Serialize + DeserializeOwned {
    fn values() -> Vec<Self>;
}

impl Shown for i64 {
    fn values() -> Vec<Self> {
        vec![7]
    }
}

impl<T: Shown> Shown for Option<T> {
    fn values() -> Vec<Self> {
        T::values().into_iter().map(Some).chain([None]).collect()
    }
}

impl<T: Shown> Shown for Vec<T> {
    fn values() -> Vec<Self> {
        vec![Vec::new(), T::values()]
    }
}

impl<T: Shown> Shown for BTreeMap<String, T> {
    fn values() -> Vec<Self> {
        vec![T::values().into_iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect()]
    }
}

/// Declares types over `T`, and their values: one for each variant and each value of `T`.
macro_rules! shown {
    ($($(#[$attribute:meta])* $kind:ident $name:ident { $($body:tt)* } [$($make:expr),+])+) => {$(
        #[derive(Serialize, Deserialize)]
        $(#[$attribute])*
        $kind $name<T> { $($body)* }

        impl<T: Shown> Shown for $name<T> {
            fn values() -> Vec<Self> {
                let mut values: Vec<Self> = Vec::new();
                $(values.extend(T::values().into_iter().map($make));)+
                values
            }
        }
    )+};
}

shown! {
    struct One { it: T } [|it| One { it }]
    struct Fields { own: i64, it: T, more: Option<String> } [
        |it| Fields { own: 7, it, more: None },
        |it| Fields { own: 7, it, more: Some("more".into()) }
    ]
    #[serde(transparent)]
    struct Transparent { it: T } [|it| Transparent { it }]
    enum External { Empty, New(T), Tuple(i64, T), Named { own: i64, it: T }, Again { it: T } } [
        |_| External::Empty,
        External::New,
        |it| External::Tuple(7, it),
        |it| External::Named { own: 7, it },
        |it| External::Again { it }
    ]
    #[serde(tag = "type")]
    enum Internal { Empty, Named { own: i64, it: T }, Again { it: T }, Holds(One<T>) } [
        |_| Internal::Empty,
        |it| Internal::Named { own: 7, it },
        |it| Internal::Again { it },
        |it| Internal::Holds(One { it })
    ]
    #[serde(tag = "kind", content = "data")]
    enum Adjacent { Nothing, Value(T), Couple(i64, T), Parts { own: i64, it: T }, Part { it: T } } [
        |_| Adjacent::Nothing,
        Adjacent::Value,
        |it| Adjacent::Couple(7, it),
        |it| Adjacent::Parts { own: 7, it },
        |it| Adjacent::Part { it }
    ]
    #[serde(untagged)]
    enum Untagged { Named { own: i64, it: T } } [|it| Untagged::Named { own: 7, it }]
    struct Flat { own: i64, #[serde(flatten)] part: One<T> } [|it| Flat { own: 7, part: One { it } }]
    struct FlatInternal { me: i64, #[serde(flatten)] part: Internal<T> } [
        |_| FlatInternal { me: 7, part: Internal::Empty },
        |it| FlatInternal { me: 7, part: Internal::Named { own: 7, it } },
        |it| FlatInternal { me: 7, part: Internal::Again { it } },
        |it| FlatInternal { me: 7, part: Internal::Holds(One { it }) }
    ]
    struct FlatAdjacent { me: i64, #[serde(flatten)] part: Adjacent<T> } [
        |_| FlatAdjacent { me: 7, part: Adjacent::Nothing },
        |it| FlatAdjacent { me: 7, part: Adjacent::Value(it) },
        |it| FlatAdjacent { me: 7, part: Adjacent::Couple(7, it) },
        |it| FlatAdjacent { me: 7, part: Adjacent::Parts { own: 7, it } },
        |it| FlatAdjacent { me: 7, part: Adjacent::Part { it } }
    ]
}

/// Types that contain themselves, with values of several levels.
trait Nested: Sized {
    fn levels(depth: usize) -> Vec<Self>;
}

#[derive(Serialize, Deserialize)]
struct Chain<T> {
    it: T,
    next: Option<Box<Self>>,
}

impl<T: Shown> Nested for Chain<T> {
    fn levels(depth: usize) -> Vec<Self> {
        let one = |it| Self {
            it,
            next: (0..depth).fold(None, |next, _| T::values().pop().map(|it| Box::new(Self { it, next }))),
        };
        let below = if depth == 0 { Vec::new() } else { Self::levels(depth - 1) };
        let above =
            below.into_iter().filter_map(|next| Some(Self { it: T::values().pop()?, next: Some(Box::new(next)) }));
        T::values().into_iter().map(one).chain(above).collect()
    }
}

#[derive(Serialize, Deserialize)]
enum Rule<T> {
    Not(Box<Self>),
    All(Vec<Self>),
    Is { it: T },
}

impl<T: Shown> Nested for Rule<T> {
    fn levels(depth: usize) -> Vec<Self> {
        let mut levels: Vec<Self> = T::values().into_iter().map(|it| Self::Is { it }).collect();
        if depth > 0 {
            levels.extend(Self::levels(depth - 1).into_iter().map(|rule| Self::Not(Box::new(rule))));
            levels.push(Self::All(Self::levels(depth - 1)));
        }
        levels
    }
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "rule")]
enum Tagged<T> {
    Not { of: Box<Self> },
    All { of: Vec<Self> },
    Is { it: T },
}

impl<T: Shown> Nested for Tagged<T> {
    fn levels(depth: usize) -> Vec<Self> {
        let mut levels: Vec<Self> = T::values().into_iter().map(|it| Self::Is { it }).collect();
        if depth > 0 {
            levels.extend(Self::levels(depth - 1).into_iter().map(|rule| Self::Not { of: Box::new(rule) }));
            levels.push(Self::All { of: Self::levels(depth - 1) });
        }
        levels
    }
}

macro_rules! shown_by_levels {
    ($($name:ident)+) => {$(
        impl<T: Shown> Shown for $name<T> {
            fn values() -> Vec<Self> {
                Self::levels(2)
            }
        }
    )+};
}

shown_by_levels! { Chain Rule Tagged }

#[derive(Serialize, Deserialize)]
struct Newtype<T>(T);

impl<T: Shown> Shown for Newtype<T> {
    fn values() -> Vec<Self> {
        T::values().into_iter().map(Newtype).collect()
    }
}

#[derive(Serialize, Deserialize)]
enum Brand {
    Visa,
    Amex,
    Other,
}

impl Shown for Brand {
    fn values() -> Vec<Self> {
        vec![Self::Visa, Self::Amex, Self::Other]
    }
}

/// The enum of an ordinary event: its second variant, too, holds an enum.
#[derive(Serialize, Deserialize)]
enum Payment {
    Cash,
    ByCard { brand: Brand, digits: String },
    ByTransfer { bank: Brand },
    Both(Brand, Brand),
    Gift(Brand),
}

impl Shown for Payment {
    fn values() -> Vec<Self> {
        let mut values = vec![Self::Cash];
        values.extend(Brand::values().into_iter().map(|brand| Self::ByCard { brand, digits: "4242".into() }));
        values.extend(Brand::values().into_iter().map(|bank| Self::ByTransfer { bank }));
        values.extend(Brand::values().into_iter().map(|brand| Self::Both(brand, Brand::Visa)));
        values.extend(Brand::values().into_iter().map(|brand| Self::Both(Brand::Visa, brand)));
        values.extend(Brand::values().into_iter().map(Self::Gift));
        values
    }
}

/// The differences between the shape of a type and its stored values.
struct Oracle {
    /// The parts of the shape that stored values have.
    seen: BTreeSet<String>,
}

impl Oracle {
    /// Whether a stored value has the shape.
    fn accepts(&mut self, path: &str, shape: &Shape, value: &Bson) -> Result<(), String> {
        self.seen.insert(path.to_owned());
        let wrong = || Err(format!("{path}: {value} is not {shape:?}"));
        match (shape, value) {
            // A value that serde reads before it asks for its type is never null.
            (_, Bson::Null)
            | (Shape::Recursive(_) | Shape::Leaf("any"), _)
            | (Shape::Leaf("i64" | "integer" | "u8" | "u32"), Bson::Int64(_) | Bson::Int32(_))
            | (Shape::Leaf("string"), Bson::String(_)) => Ok(()),
            (Shape::Option(inner), value) => self.accepts(path, inner, value),
            (Shape::List(item), Bson::Array(values)) => {
                values.iter().try_for_each(|value| self.accepts(&format!("{path}[]"), item, value))
            }
            (Shape::Map(_, item), Bson::Document(values)) => {
                values.values().try_for_each(|value| self.accepts(&format!("{path}{{}}"), item, value))
            }
            (Shape::Tuple(items), Bson::Array(values)) if items.len() == values.len() => items
                .iter()
                .zip(values)
                .enumerate()
                .try_for_each(|(at, (item, value))| self.accepts(&format!("{path}.{at}"), item, value)),
            (Shape::Document(_), Bson::Document(value)) => self.accepts_fields(path, shape, value),
            (Shape::Enum(tagging, variants), value) => {
                let (name, content) = match (tagging, value) {
                    (Tagging::External, Bson::String(name)) => (name.clone(), None),
                    (Tagging::External, Bson::Document(value)) if value.len() == 1 => {
                        let (name, content) = value.iter().next().ok_or("empty")?;
                        (name.clone(), Some(content.clone()))
                    }
                    (Tagging::Adjacent { tag, content }, Bson::Document(value)) => {
                        let name = value.get_str(tag).map_err(|error| format!("{path}: {error}"))?;
                        (name.to_owned(), value.get(content).cloned())
                    }
                    (Tagging::Internal { tag }, Bson::Document(value)) => {
                        let mut value = value.clone();
                        let name = value.remove(tag).and_then(|name| name.as_str().map(str::to_owned));
                        let Some(name) = name else { return wrong() };
                        (name, Some(Bson::Document(value)).filter(|value| value != &Bson::Document(Document::new())))
                    }
                    _ => return wrong(),
                };
                let variant = variants.values().find(|(known, _)| *known == name);
                let Some((_, variant)) = variant else { return Err(format!("{path}: no variant {name}")) };
                let path = format!("{path}<{name}>");
                self.seen.insert(path.clone());
                match content {
                    Some(content) => self.accepts(&path, variant, &content),
                    None if variant.is_unit() => Ok(()),
                    None => Err(format!("{path}: a value without content, but the shape has {variant:?}")),
                }
            }
            _ => wrong(),
        }
    }

    fn accepts_fields(&mut self, path: &str, shape: &Shape, value: &Document) -> Result<(), String> {
        let Shape::Document(fields) = shape else { return Err(format!("{path}: not a document")) };
        for (name, value) in value {
            let field = fields.iter().find(|field| field.name == *name);
            let Some(field) = field else { return Err(format!("{path}: the field {name} is not known")) };
            self.accepts(&format!("{path}.{name}"), &field.shape, value)?;
        }
        match fields.iter().find(|field| !field.optional && !value.contains_key(&field.name)) {
            Some(field) => Err(format!("{path}: the field {} is not always there", field.name)),
            None => Ok(()),
        }
    }

    /// Whether the values show everything that the shape has.
    fn has_seen(&self, path: &str, shape: &Shape) -> Result<(), String> {
        if !self.seen.contains(path) {
            return Err(format!("{path}: no value has this"));
        }
        match shape {
            Shape::Unknown | Shape::Leaf(_) | Shape::Recursive(_) => Ok(()),
            Shape::Option(inner) => self.has_seen(path, inner),
            Shape::List(item) => self.has_seen(&format!("{path}[]"), item),
            Shape::Map(_, item) => self.has_seen(&format!("{path}{{}}"), item),
            Shape::Tuple(items) => {
                items.iter().enumerate().try_for_each(|(at, item)| self.has_seen(&format!("{path}.{at}"), item))
            }
            Shape::Document(fields) => {
                fields.iter().try_for_each(|field| self.has_seen(&format!("{path}.{}", field.name), &field.shape))
            }
            Shape::Enum(_, variants) => {
                variants.values().try_for_each(|(name, shape)| match self.has_seen(&format!("{path}<{name}>"), shape) {
                    Err(_) if shape.is_unit() && self.seen.contains(&format!("{path}<{name}>")) => Ok(()),
                    seen => seen,
                })
            }
        }
    }
}

fn find_fault<T: Shown>() -> Result<(), String> {
    let traced = trace::<T>(&[], encode).map_err(|error| error.to_string())?;
    let mut oracle = Oracle { seen: BTreeSet::new() };
    for value in T::values() {
        let value = encode(&value).map_err(|error| error.to_string())?;
        oracle.accepts("", &traced.shape, &Bson::Document(value))?;
    }
    oracle.has_seen("", &traced.shape)?;
    for sample in &traced.samples {
        bson::deserialize_from_document::<T>(sample.clone()).map_err(|error| format!("{sample}: {error}"))?;
    }
    Ok(())
}

#[derive(Default)]
struct Faults {
    tried: usize,
    found: Vec<String>,
}

impl Faults {
    fn check<T: Shown>(&mut self) {
        self.tried += 1;
        if let Err(fault) = find_fault::<One<T>>() {
            let name = type_name::<T>().replace("es_core::schema::tests::combinations::", "");
            self.found.push(format!("{name}: {fault}"));
        }
    }

    /// The type inside each representation.
    fn inside_each<T: Shown>(&mut self) {
        self.check::<Fields<T>>();
        self.check::<Newtype<T>>();
        self.check::<Transparent<T>>();
        self.check::<Option<T>>();
        self.check::<Vec<T>>();
        self.check::<BTreeMap<String, T>>();
        self.check::<External<T>>();
        self.check::<Internal<T>>();
        self.check::<Adjacent<T>>();
        self.check::<Untagged<T>>();
        self.check::<Flat<T>>();
        self.check::<FlatInternal<T>>();
        self.check::<FlatAdjacent<T>>();
        self.check::<Chain<T>>();
        self.check::<Rule<T>>();
        self.check::<Tagged<T>>();
    }

    #[track_caller]
    fn assert_none(self) {
        let count = self.found.len();
        assert!(count == 0, "{count} of {}:\n{}", self.tried, self.found.join("\n"));
    }
}

#[test]
fn each_representation_alone() {
    let mut faults = Faults::default();
    faults.inside_each::<i64>();
    faults.inside_each::<Brand>();
    faults.inside_each::<Payment>();
    faults.assert_none();
}

macro_rules! inside_each_inside {
    ($($name:ident: $($type:ty),+;)+) => {$(
        #[test]
        fn $name() {
            let mut faults = Faults::default();
            $(faults.inside_each::<$type>();)+
            faults.assert_none();
        }
    )+};
}

inside_each_inside! {
    structs: Fields<Payment>, Newtype<Payment>, Chain<Payment>;
    options_lists_and_maps: Option<Payment>, Vec<Payment>, BTreeMap<String, Payment>;
    variants_by_name: External<Payment>, Rule<Payment>, External<External<Payment>>;
    variants_by_a_tag_inside: Internal<Payment>, Tagged<Payment>;
    variants_beside_their_tag: Adjacent<Payment>, External<Adjacent<Payment>>;
    variants_without_a_tag: Untagged<Payment>;
    flattened: Flat<Payment>, FlatInternal<Payment>;
}

//! Stored data as readable text: one value a line, in the notation of MongoDB's shell.

use std::fmt::Write;

use bson::spec::BinarySubtype;
use bson::{Array, Binary, Bson, Document, RawDocument, RawDocumentBuf};

use super::tree::Node;
use crate::nesting::is_too_deep;

/// The fields of a document, one a line.
pub(super) fn to_nodes(document: &Document) -> Vec<Node> {
    document.iter().map(|(name, value)| to_node(&quoted_where_needed(name), value)).collect()
}

/// The document that [`to_nodes`] wrote, or the first line that is not a value.
pub(super) fn from_nodes(nodes: &[Node]) -> Result<Document, String> {
    nodes.iter().map(read_field).collect()
}

fn to_node(label: &str, value: &Bson) -> Node {
    match value {
        Bson::Document(document) if !document.is_empty() => Node::new(format!("{label}:")).with(to_nodes(document)),
        Bson::Array(array) if !array.is_empty() => {
            Node::new(format!("{label}:")).with(array.iter().map(|value| to_node("-", value)).collect())
        }
        leaf => Node::new(format!("{label}: {}", write_leaf(leaf))),
    }
}

fn write_leaf(value: &Bson) -> String {
    match value {
        Bson::String(text) => quoted(text),
        Bson::Boolean(value) => value.to_string(),
        Bson::Null => "null".to_owned(),
        Bson::Int32(number) => number.to_string(),
        Bson::Int64(number) => format!("Long({number})"),
        // The shortest text that is parsed as the same number.
        Bson::Double(number) => format!("Double({number:?})"),
        // Outside the years of RFC 3339, the text would be that of a different time.
        Bson::DateTime(date) => match date.try_to_rfc3339_string() {
            Ok(text) if bson::DateTime::parse_rfc3339_str(&text).is_ok_and(|read| read == *date) => {
                format!("Date(\"{text}\")")
            }
            _ => format!("DateMillis({})", date.timestamp_millis()),
        },
        Bson::Decimal128(number) => format!("Decimal128(\"{number}\")"),
        Bson::ObjectId(id) => format!("ObjectId(\"{id}\")"),
        Bson::Binary(binary) => format!("Binary({}, \"{}\")", u8::from(binary.subtype), hex(&binary.bytes)),
        Bson::Document(_) => "{}".to_owned(),
        Bson::Array(_) => "[]".to_owned(),
        other => {
            let document = RawDocumentBuf::try_from(&bson::doc! { "": other }).unwrap_or_default();
            format!("Bson(\"{}\")", hex(document.as_bytes()))
        }
    }
}

fn read_field(node: &Node) -> Result<(String, Bson), String> {
    let wrong = || format!("`{}` is not a value", node.line);
    let (name, rest) = if node.line.starts_with('"') {
        let end = end_of_quoted(&node.line).ok_or_else(wrong)?;
        (unquoted(&node.line[..end]).ok_or_else(wrong)?, &node.line[end..])
    } else {
        let end = node.line.find(':').ok_or_else(wrong)?;
        (node.line[..end].to_owned(), &node.line[end..])
    };
    let leaf = rest.strip_prefix(':').ok_or_else(wrong)?.trim_start();
    let value = match (leaf, node.children.first()) {
        ("", Some(first)) if first.line.starts_with("-:") => {
            let items = node.children.iter().map(|child| read_field(child).map(|(_, value)| value));
            Bson::Array(items.collect::<Result<Array, _>>()?)
        }
        ("", Some(_)) => Bson::Document(from_nodes(&node.children)?),
        (leaf, _) => read_leaf(leaf).ok_or_else(wrong)?,
    };
    Ok((name, value))
}

fn read_leaf(text: &str) -> Option<Bson> {
    match text {
        "null" => return Some(Bson::Null),
        "true" => return Some(Bson::Boolean(true)),
        "false" => return Some(Bson::Boolean(false)),
        "{}" => return Some(Bson::Document(Document::new())),
        "[]" => return Some(Bson::Array(Array::new())),
        quoted if quoted.starts_with('"') => return unquoted(quoted).map(Bson::String),
        _ => {}
    }
    let Some((kind, inner)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) else {
        return text.parse().ok().map(Bson::Int32);
    };
    match kind {
        "Long" => inner.parse().ok().map(Bson::Int64),
        "Double" => inner.parse().ok().map(Bson::Double),
        "Date" => bson::DateTime::parse_rfc3339_str(unquoted(inner)?).ok().map(Bson::DateTime),
        "DateMillis" => inner.parse().ok().map(bson::DateTime::from_millis).map(Bson::DateTime),
        "Decimal128" => unquoted(inner)?.parse().ok().map(Bson::Decimal128),
        "ObjectId" => bson::oid::ObjectId::parse_str(unquoted(inner)?).ok().map(Bson::ObjectId),
        "Binary" => {
            let (subtype, bytes) = inner.split_once(", ")?;
            let subtype = BinarySubtype::from(subtype.parse::<u8>().ok()?);
            Some(Bson::Binary(Binary { subtype, bytes: unhex(&unquoted(bytes)?)? }))
        }
        "Bson" => {
            let bytes = unhex(&unquoted(inner)?)?;
            let document = RawDocument::from_bytes(&bytes).ok().filter(|document| !is_too_deep(document))?;
            Document::try_from(document).ok()?.remove("")
        }
        _ => None,
    }
}

fn quoted_where_needed(name: &str) -> String {
    let is_plain =
        !name.is_empty() && name.chars().all(|each| each.is_alphanumeric() || matches!(each, '_' | '$' | '.'));
    if is_plain { name.to_owned() } else { quoted(name) }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for each in text.chars() {
        match each {
            '"' | '\\' => quoted.extend(['\\', each]),
            '\n' => quoted.push_str("\\n"),
            each if each.is_control() || each.is_whitespace() && each != ' ' => {
                // Writing to a `String` cannot fail.
                let _ = write!(quoted, "\\u{{{:x}}}", u32::from(each));
            }
            each => quoted.push(each),
        }
    }
    quoted.push('"');
    quoted
}

fn end_of_quoted(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, each) in text.char_indices().skip(1) {
        match each {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn unquoted(text: &str) -> Option<String> {
    let mut chars = text.strip_prefix('"')?.strip_suffix('"')?.chars();
    let mut plain = String::new();
    while let Some(each) = chars.next() {
        if each != '\\' {
            plain.push(each);
            continue;
        }
        match chars.next()? {
            'n' => plain.push('\n'),
            'u' => {
                let digits: String =
                    chars.by_ref().skip_while(|each| *each == '{').take_while(|each| *each != '}').collect();
                plain.push(char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?);
            }
            other => plain.push(other),
        }
    }
    Some(plain)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = (0..text.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::doc;

    #[test]
    fn every_kind_of_value_is_read_as_it_was_written() {
        let document = doc! {
            "text": "line\n\"quoted\" \\ \t end",
            "empty": "",
            "int": -1,
            "long": 5_i64,
            "double": 1.5,
            "whole": 3.0,
            "infinite": f64::INFINITY,
            "flag": true,
            "nothing": null,
            "date": bson::DateTime::from_millis(1),
            "far": bson::DateTime::from_millis(i64::MAX),
            "money": Bson::Decimal128("1.00".parse().unwrap()),
            "id": bson::oid::ObjectId::from_bytes([7; 12]),
            "bytes": Binary { subtype: BinarySubtype::Uuid, bytes: vec![0, 255] },
            "key with: colon": { "a": [1, [2, "x"], {}, []], "b": {} },
            "- dash": [{ "a": 1 }],
            "": Bson::MinKey,
            "pattern": Bson::RegularExpression(bson::Regex { pattern: bson::cstr!("a").into(), options: bson::cstr!("").into() }),
        };
        let nodes = to_nodes(&document);
        let text: String = nodes.iter().map(ToString::to_string).collect();
        assert_eq!(from_nodes(&Node::parse(&text).unwrap()).unwrap(), document, "{text}");
        assert!(text.contains("money: Decimal128(\"1.00\")\n"), "{text}");
    }
}

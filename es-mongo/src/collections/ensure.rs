//! Creates missing collections, and refuses collections in which the server would delete, hide or
//! merge documents.

use bson::{Bson, Document, doc};
use es_core::StoreError;

use crate::error::{is_namespace_exists, malformed, store_error};
use crate::handles::Handles;
use crate::patience::Patience;

/// Creates missing collections, and refuses those with wrong options. `validator` applies to the
/// first collection.
///
/// This reads only names and options, so its cost does not depend on the stored documents.
pub(crate) async fn ensure(
    handles: &Handles,
    names: [&str; 5],
    validator: Document,
    patience: &Patience,
) -> Result<(), StoreError> {
    let validator_of = |name: &str| (name == names[0]).then(|| validator.clone());
    let mut existing = list(handles, names, patience).await?;
    let missing: Vec<_> = names.into_iter().filter(|name| find(&existing, name).is_none()).collect();
    for name in &missing {
        create(handles, name, validator_of(name)).await?;
    }
    if !missing.is_empty() {
        // Another process may have created a collection in between, with different options.
        existing = list(handles, names, patience).await?;
    }
    for name in names {
        let Some(found) = find(&existing, name) else {
            return Err(refused(name, "could not be created", "open the store again"));
        };
        check(name, found)?;
        let options = found.get_document("options").ok();
        let existing = options.and_then(|options| options.get_document("validator").ok());
        ensure_validator(handles, name, existing, validator_of(name)).await?;
    }
    Ok(())
}

/// The server's descriptions of the existing collections.
async fn list(handles: &Handles, names: [&str; 5], patience: &Patience) -> Result<Vec<Document>, StoreError> {
    let question = doc! { "listCollections": 1, "filter": { "name": { "$in": names.to_vec() } } };
    first_batch(handles, question, patience).await
}

/// The documents of a list command whose result is so small that it fits the first batch.
pub(crate) async fn first_batch(
    handles: &Handles,
    question: Document,
    patience: &Patience,
) -> Result<Vec<Document>, StoreError> {
    let answer = patience.ask(|| {
        let (handles, question) = (handles.clone(), question.clone());
        async move { handles.command(question).await }
    });
    let mut answer = answer.await?;
    let listed = answer.get_document_mut("cursor").and_then(|cursor| cursor.get_array_mut("firstBatch"));
    let listed = listed.map_err(|error| malformed("a list of the server", error))?;
    Ok(std::mem::take(listed)
        .into_iter()
        .filter_map(|one| if let Bson::Document(one) = one { Some(one) } else { None })
        .collect())
}

fn find<'a>(existing: &'a [Document], name: &str) -> Option<&'a Document> {
    existing.iter().find(|collection| collection.get_str("name").is_ok_and(|found| found == name))
}

async fn create(handles: &Handles, name: &str, validator: Option<Document>) -> Result<(), StoreError> {
    let created = match validator {
        Some(validator) => handles.database().create_collection(name).validator(validator).await,
        None => handles.database().create_collection(name).await,
    };
    match created {
        // Another process is opening the same database.
        Err(error) if is_namespace_exists(&error) => Ok(()),
        other => other.map_err(store_error),
    }
}

fn refused(name: &str, problem: &str, remedy: &str) -> StoreError {
    StoreError::Unsafe { reason: format!("the collection `{name}` {problem}; {remedy}") }
}

/// Refuses collections in which the server would not store events as required. `found` is the
/// description by `listCollections`.
fn check(name: &str, found: &Document) -> Result<(), StoreError> {
    const COPY: &str = "copy its documents into a plain collection, or choose another name";
    let kind = found.get_str("type").unwrap_or("collection");
    if kind != "collection" {
        return Err(refused(name, &format!("is not a collection but a {kind}"), "choose a different name"));
    }
    for (option, value) in found.get_document("options").ok().into_iter().flatten() {
        let is_set = !matches!(value, Bson::Boolean(false) | Bson::Null);
        let (problem, remedy) = match option.as_str() {
            "capped" if is_set => ("is capped, so the server deletes its oldest documents", COPY.to_owned()),
            "temp" if is_set => ("is temporary, so the server drops it when it starts", COPY.to_owned()),
            "expireAfterSeconds" if is_set => {
                let remedy = format!("run `db.runCommand({{ collMod: \"{name}\", expireAfterSeconds: \"off\" }})`");
                ("has `expireAfterSeconds`, so the server deletes old documents", remedy)
            }
            "collation" if !is_simple(value) => ("has a collation, so different ids can be equal", COPY.to_owned()),
            "clusteredIndex" if is_set => ("is clustered, so it has no index on `_id`", COPY.to_owned()),
            "encryptedFields" if is_set => {
                ("has encrypted fields, which this library cannot write or query", COPY.to_owned())
            }
            "validationLevel" if value.as_str() != Some("strict") => {
                let remedy = format!("run `db.runCommand({{ collMod: \"{name}\", validationLevel: \"strict\" }})`");
                (
                    "does not have the `validationLevel` \"strict\", so the server accepts documents that are not events",
                    remedy,
                )
            }
            // Since version 8.1 the server can also log the documents that it refuses.
            "validationAction" if !matches!(value.as_str(), Some("error" | "errorAndLog")) => {
                let remedy = format!("run `db.runCommand({{ collMod: \"{name}\", validationAction: \"error\" }})`");
                (
                    "does not have the `validationAction` \"error\", so the server accepts documents that are not events",
                    remedy,
                )
            }
            _ => continue,
        };
        return Err(refused(name, problem, &remedy));
    }
    Ok(())
}

/// Whether a collation compares strings by their bytes.
pub(crate) fn is_simple(collation: &Bson) -> bool {
    collation.as_document().is_some_and(|collation| collation.get_str("locale").is_ok_and(|locale| locale == "simple"))
}

async fn ensure_validator(
    handles: &Handles,
    name: &str,
    existing: Option<&Document>,
    wanted: Option<Document>,
) -> Result<(), StoreError> {
    match (existing.filter(|existing| !existing.is_empty()), wanted) {
        (None, None) => Ok(()),
        // An archive may have been copied together with its options.
        (Some(existing), None) if is_ours(existing) => Ok(()),
        (Some(existing), Some(wanted)) if *existing == wanted => Ok(()),
        (Some(existing), wanted) if wanted.is_none() || !is_ours(existing) => Err(refused(
            name,
            "has a validator of somebody else's",
            &format!(
                "remove it with `db.runCommand({{ collMod: \"{name}\", validator: {{}} }})`, or choose a different name"
            ),
        )),
        (_, wanted) => {
            let command = doc! { "collMod": name, "validator": wanted };
            handles.write_command(command).await.map(drop).map_err(store_error)
        }
    }
}

fn is_ours(validator: &Document) -> bool {
    let title = validator.get_document("$jsonSchema").and_then(|schema| schema.get_str("title"));
    title.is_ok_and(|title| title == VALIDATOR_TITLE)
}

/// Distinguishes the validator of this library, of any version, from others.
pub(crate) const VALIDATOR_TITLE: &str = "es-mongo event envelope";

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(found: &Document) -> String {
        check("events", found).unwrap_err().to_string()
    }

    #[test]
    fn a_plain_collection_as_the_server_describes_it_is_accepted() {
        let options = doc! {
            "capped": false, "collation": { "locale": "simple" }, "validationLevel": "strict", "validationAction": "errorAndLog",
            "changeStreamPreAndPostImages": { "enabled": true }, "comment": "ours",
        };
        assert!(check("events", &doc! { "name": "events", "type": "collection", "options": options }).is_ok());
    }

    #[test]
    fn what_only_other_servers_can_make_is_refused() {
        let encrypted = doc! { "options": { "encryptedFields": { "fields": [] } } };
        assert!(refusal(&encrypted).contains("encrypted fields"));
        let temporary = doc! { "options": { "temp": true } };
        assert!(refusal(&temporary).contains("drops it"));
    }
}

//! Describes what the server refuses, by the missing right.
//!
//! The server repeats the whole command, including values of the domain. Only the name and the
//! place of the command are used.

/// The text for a command that failed with `Unauthorized`.
pub(super) fn text(message: &str) -> String {
    match parse(message) {
        Some(denied) => denied.text(),
        None if message.ends_with("requires authentication") => {
            format!("{message}; name a user and a password in the connection string")
        }
        None => message.to_owned(),
    }
}

/// `not authorized on bank to execute command { insert: "events", ..`
#[derive(Debug, PartialEq, Eq)]
struct Denied<'a> {
    database: &'a str,
    command: &'a str,
    collection: Option<&'a str>,
}

fn parse(message: &str) -> Option<Denied<'_>> {
    let (database, command) = message.strip_prefix("not authorized on ")?.split_once(" to execute command { ")?;
    let (command, of) = command.split_once(": ")?;
    let collection = of.strip_prefix('"').and_then(|of| of.split_once('"')).map(|(collection, _)| collection);
    command.chars().all(char::is_alphanumeric).then_some(Denied { database, command, collection })
}

impl Denied<'_> {
    fn text(&self) -> String {
        let Self { database, command, collection } = self;
        let actions = actions(command);
        match (command, collection) {
            (&"createRole" | &"updateRole", _) => {
                format!(
                    "the user may not create roles in the database `{database}`: it lacks {actions}, which the role `userAdmin` has"
                )
            }
            (&"create" | &"createIndexes" | &"collMod", Some(collection)) => format!(
                "the user lacks {actions} on `{database}.{collection}`, which is not, or not completely, prepared; open the store once as a user with `Role::Preparer`, or, for the rows of a projection, fold it as a user with `Role::Projector` of `Roles::read_model`"
            ),
            (_, Some(collection)) => format!(
                "the user lacks {actions} on `{database}.{collection}`; the roles of `es_mongo::Roles` have what a store needs, for the rows of a projection after `Roles::read_model`"
            ),
            (_, None) => format!(
                "the user lacks {actions} on the database `{database}`; the roles of `es_mongo::Roles` have what a store needs"
            ),
        }
    }
}

/// The rights that a command needs, by the names of the server.
fn actions(command: &str) -> String {
    let action = match command {
        "find" | "aggregate" | "count" | "getMore" => "find",
        "delete" => "remove",
        "create" => "createCollection",
        "createIndexes" => "createIndex",
        "update" | "findAndModify" => {
            return "the right `update` (or, for a document that is new, `insert`)".to_owned();
        }
        "createRole" | "updateRole" => return "the rights `createRole`, `grantRole` and `revokeRole`".to_owned(),
        // The others have the name of their command.
        other => other,
    };
    format!("the right `{action}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_and_its_place_are_named_and_values_are_not() {
        let text =
            text(r#"not authorized on bank to execute command { delete: "events", q: { _id: "secret" }, limit: 0 }"#);
        assert!(text.contains("`remove` on `bank.events`"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn what_is_missing_to_open_a_store_names_the_role_that_prepares_it() {
        let text = text(r#"not authorized on bank to execute command { createIndexes: "events", indexes: [] }"#);
        assert!(text.contains("`createIndex` on `bank.events`") && text.contains("Role::Preparer"), "{text}");
    }

    #[test]
    fn another_wording_of_the_server_is_passed_on() {
        assert_eq!(text("you may not"), "you may not");
        assert!(text("command find requires authentication").contains("name a user"));
    }
}

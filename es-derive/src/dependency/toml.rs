//! The part of TOML that a manifest needs: every value that is a string or a bare word, with its
//! keys.
//!
//! Malformed input is skipped, because cargo already reports it.

/// A value with the keys that lead to it. Arrays are left out.
pub(super) struct Value {
    pub(super) keys: Vec<String>,
    pub(super) text: String,
}

impl Value {
    pub(super) fn is_at(&self, keys: &[&str]) -> bool {
        self.keys == keys
    }
}

pub(super) fn values(text: &str) -> Vec<Value> {
    let mut reader = Reader { rest: text };
    let (mut values, mut table) = (Vec::new(), Vec::new());
    loop {
        reader.skip_blank();
        if reader.rest.is_empty() {
            return values;
        }
        let read = if reader.take('[') {
            reader.take('[');
            reader.key().map(|key| table = key)
        } else {
            reader.pair(&table, &mut values)
        };
        if read.is_none() || reader.rest.starts_with(']') {
            reader.skip_line();
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn take(&mut self, token: char) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|letter| !belongs(letter)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn skip_line(&mut self) {
        self.take_while(|letter| letter != '\n');
    }

    fn skip_space(&mut self) {
        self.take_while(|letter| letter == ' ' || letter == '\t');
    }

    /// White space, line ends and comments.
    fn skip_blank(&mut self) {
        loop {
            self.take_while(char::is_whitespace);
            if !self.rest.starts_with('#') {
                return;
            }
            self.skip_line();
        }
    }

    /// `a.b."c"`
    fn key(&mut self) -> Option<Vec<String>> {
        let mut parts = Vec::new();
        loop {
            self.skip_space();
            let part = match self.string() {
                Some(quoted) => quoted,
                None => self.take_while(|letter| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_'),
            };
            if part.is_empty() {
                return None;
            }
            parts.push(part.to_owned());
            self.skip_space();
            if !self.take('.') {
                return Some(parts);
            }
        }
    }

    /// `key = value`
    fn pair(&mut self, table: &[String], values: &mut Vec<Value>) -> Option<()> {
        let keys = [table, &self.key()?].concat();
        if !self.take('=') {
            return None;
        }
        self.skip_space();
        self.value(keys, values)
    }

    fn value(&mut self, keys: Vec<String>, values: &mut Vec<Value>) -> Option<()> {
        if self.take('{') {
            return self.list('}', |reader| reader.pair(&keys, values));
        }
        if self.take('[') {
            return self.list(']', |reader| reader.value(Vec::new(), &mut Vec::new()));
        }
        let text = match self.string() {
            Some(text) => text,
            None => self.take_while(|letter| !letter.is_whitespace() && !matches!(letter, ',' | ']' | '}' | '#')),
        };
        values.push(Value { keys, text: text.to_owned() });
        Some(())
    }

    /// Elements between commas, up to `end`.
    fn list(&mut self, end: char, mut read: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        loop {
            self.skip_blank();
            if self.take(end) {
                return Some(());
            }
            read(self)?;
            self.skip_blank();
            if !self.take(',') && !self.rest.starts_with(end) {
                return None;
            }
        }
    }

    /// A string in any of the four kinds of quotes. Escapes are not decoded: the name of a package
    /// contains none.
    fn string(&mut self) -> Option<&'a str> {
        let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| self.rest.starts_with(quote))?;
        let has_escapes = quote.starts_with('"');
        let body = &self.rest[quote.len()..];
        let mut escaped = false;
        for (at, letter) in body.char_indices() {
            if !escaped && body[at..].starts_with(quote) {
                self.rest = &body[at + quote.len()..];
                return Some(&body[..at]);
            }
            escaped = has_escapes && letter == '\\' && !escaped;
        }
        None
    }
}

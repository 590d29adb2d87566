//! The phrases with their replacements. CONTRIBUTING.md has the same list for readers.

/// An unwanted phrase.
pub(super) struct Rule {
    /// Consecutive words, in any case. `a|b` matches either word, `^` matches the beginning of a
    /// sentence, and `<error>` matches the name of an error as code.
    pub(super) phrase: &'static str,
    /// Words before and after the phrase that make it correct English.
    pub(super) unless_after: &'static str,
    pub(super) unless_before: &'static str,
    /// Whether it counts only if a comma follows in the same sentence.
    pub(super) with_comma: bool,
    pub(super) write: &'static str,
}

const fn rule(phrase: &'static str, write: &'static str) -> Rule {
    Rule { phrase, unless_after: "", unless_before: "", with_comma: false, write }
}

impl Rule {
    const fn unless_after(self, words: &'static str) -> Self {
        Self { unless_after: words, ..self }
    }

    const fn unless_before(self, words: &'static str) -> Self {
        Self { unless_before: words, ..self }
    }

    const fn with_comma(self) -> Self {
        Self { with_comma: true, ..self }
    }
}

pub(super) const RULES: &[Rule] = &[
    rule(", where no|the|a|an|it|nothing|there|neither|one|nobody|another|this|that|they|others|somebody", "`if`"),
    rule("where no|nothing|nobody|neither|none|there", "`if`"),
    rule("^ where no|the|a|an|it|nothing|there|neither|one|nobody|another|this|that|they|others|somebody", "`If`")
        .with_comma(),
    rule("even where", "`even if`"),
    rule("<error> where", "`if`"),
    rule("<error> ] where", "`if`"),
    rule("is|are|was|were|be no", "`is not a`")
        .unless_after("there|There")
        .unless_before("longer|more|less|fewer|better|worse|different"),
    rule("is|are|was|were none", "`is invalid` or `is missing`").unless_after("there"),
    rule("for ever", "`forever`"),
    rule("another one", "`a different one`, `another` with its noun, or `differs`"),
    rule("moment|moments", "`time` or `timestamp`"),
    rule("try|tries|tried|trying again", "`retry`"),
    rule("unless told|said otherwise", "`by default`"),
    rule("is|are|was|were|be told", "`receives`, `learns` or the name of the error"),
    rule("tells|told", "`returns`, `fails`, `reports` or `shows`").unless_before("apart"),
    rule("says|said", "`returns`, `fails`, `states` or `describes`"),
    rule("inside|outside of", "`inside` or `outside`"),
    rule("of its|their|your|his|her|our|my own", "`its own ..`, `separate` or `own`"),
    rule("stands|stood", "`is`").unless_before("for"),
];

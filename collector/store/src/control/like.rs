//! "Contains these words", the same in SQLite and PostgreSQL.
//!
//! **Invariant: what a person typed is matched literally**: `%`, `_` and the escape itself have no power. Case is folded
//! for ASCII by the database; columns that must fold more are stored lower case (`words`).

use sea_orm::{
    ColumnTrait,
    sea_query::{Expr, ExprTrait, Func, LikeExpr, SimpleExpr},
};

/// A search of more words than this is a paste, not a search.
pub(crate) const MAX_WORDS: usize = 8;

/// `lower(column) LIKE '%words%'`.
pub(crate) fn contains(column: impl ColumnTrait, words: &str) -> SimpleExpr {
    Expr::expr(Func::lower(Expr::col(column.as_column_ref()))).like(pattern(words))
}

/// The same for a column that is stored lower case.
pub(crate) fn contains_lower(column: impl ColumnTrait, words: &str) -> SimpleExpr {
    Expr::col(column.as_column_ref()).like(pattern(words))
}

pub(crate) fn terms(query: &str) -> Vec<String> {
    query
        .to_lowercase()
        .split_whitespace()
        .take(MAX_WORDS)
        .map(str::to_owned)
        .collect()
}

fn pattern(words: &str) -> LikeExpr {
    let mut pattern = String::from("%");
    for c in words.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    LikeExpr::new(pattern).escape('\\')
}

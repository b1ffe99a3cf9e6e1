//! What SQLite has to be taught: the bytes and the bits that SQL Server makes of a value.

use super::tokens::of_utf16;
use super::types::Type;
use super::{DATABASE, Options};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::Value;
use rusqlite::{Connection, Error, Result};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// The types of the columns that a statement reads, by `table.column`.
pub(super) type Types = Arc<Mutex<HashMap<String, Type>>>;

/// Teaches a connection.
pub(super) fn teach(connection: &Connection, types: &Types, options: &Options) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let types = Arc::clone(types);
    connection.create_scalar_function("bytes_of", 2, flags, move |context| {
        let (column, value): (String, Value) = (context.get(0)?, context.get(1)?);
        let kind = types.lock().expect("nobody panicked").get(&column).copied();
        let kind = kind.ok_or_else(|| Error::UserFunctionError(format!("`{column}` has no type").into()))?;
        Ok((value != Value::Null).then(|| kind.bytes_of(&value)))
    })?;
    connection.create_scalar_function("bits_of", 2, flags, |context| {
        // A number whose bits SQLite would not keep lies there as it goes over the wire.
        if let rusqlite::types::ValueRef::Blob(bytes) = context.get_raw(0) {
            return Ok(Some(bytes.iter().rev().copied().collect()));
        }
        let number: Option<f64> = context.get(0)?;
        Ok(number.map(|number| match context.get::<i64>(1) {
            Ok(4) => (number as f32).to_be_bytes().to_vec(),
            _ => number.to_be_bytes().to_vec(),
        }))
    })?;
    connection.create_scalar_function("of_utf16", 1, flags, |context| {
        Ok(context.get::<Option<Vec<u8>>>(0)?.map(|bytes| of_utf16(&bytes)))
    })?;
    connection.create_scalar_function("DB_NAME", 0, flags, |_| Ok(DATABASE))?;
    let may_create = options.may_create;
    connection.create_scalar_function("HAS_PERMS_BY_NAME", 3, flags, move |_| Ok(may_create))?;
    // SQLite's own makes NULL of the bytes that are none.
    connection.create_scalar_function("SUBSTRING", 3, flags, |context| {
        let (bytes, from, length): (Option<Vec<u8>>, u32, u32) = (context.get(0)?, context.get(1)?, context.get(2)?);
        Ok(bytes.map(|bytes| {
            bytes.into_iter().skip(from.saturating_sub(1) as usize).take(length as usize).collect::<Vec<u8>>()
        }))
    })?;
    // Every variant of the tests holds the same type.
    connection.create_scalar_function("SQL_VARIANT_PROPERTY", 2, flags, |context: &Context<'_>| {
        let properties = [("BaseType", "decimal"), ("MaxLength", "9"), ("Precision", "18"), ("Scale", "4")];
        let asked: String = context.get(1)?;
        let found = properties.into_iter().find(|(name, _)| *name == asked).map(|(_, value)| value);
        Ok(found.filter(|_| !matches!(context.get_raw(0), rusqlite::types::ValueRef::Null)))
    })
}

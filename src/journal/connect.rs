//! Connections: the settings every database of ours has, read back; its schema; which errors mean damage.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

use super::JournalError;

/// The format this program reads and writes.
const FORMAT: i64 = 1;

/// Another process holds the file.
pub fn is_busy(e: &rusqlite::Error) -> bool {
    matches!(e.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// The file itself is damaged, or is no database.
pub fn is_damage(e: &rusqlite::Error) -> bool {
    match e {
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..) => true,
        e => match e.sqlite_error() {
            // A read beyond the end of a truncated file is IOERR_SHORT_READ.
            Some(f) => {
                matches!(f.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
                    || f.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ
            }
            None => false,
        },
    }
}

/// Refuses an SQLite with known damage to write-ahead logs (fixed in 3.51.3; 3.52.0 was withdrawn).
pub fn check_library() -> Result<(), JournalError> {
    let version = rusqlite::version_number();
    if version < 3_051_003 || version == 3_052_000 {
        return Err(JournalError::Library(rusqlite::version()));
    }
    Ok(())
}

/// Opens a connection with the settings every database of ours has, and reads them back.
pub fn connect(
    path: &Path,
    write: bool,
    synchronous: &'static str,
    application: i64,
) -> Result<Connection, JournalError> {
    let sql = |source| JournalError::Sql { path: path.to_owned(), source };
    let flags = if write { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY };
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let conn = Connection::open_with_flags(path, flags).map_err(sql)?;
    conn.busy_timeout(Duration::from_secs(2)).map_err(sql)?;
    // A damaged file must lie untouched: only a clean close may write the log back.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(sql)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false).map_err(sql)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).map_err(sql)?;
    let set = |name: &'static str, value: &'static str| -> Result<(), JournalError> {
        conn.pragma_update(None, name, value).map_err(sql)
    };
    set("cell_size_check", "ON")?;
    set("mmap_size", "0")?;
    if write {
        // Before anything is changed: somebody else's database stays as it is.
        if !is_ours_or_new(&conn, application).map_err(sql)? {
            return Err(JournalError::Foreign(path.to_owned()));
        }
        set("journal_mode", "WAL")?;
        set("synchronous", synchronous)?;
        set("wal_autocheckpoint", "0")?;
        set("journal_size_limit", "4194304")?;
        let expect = |name: &'static str, wanted: &'static str| -> Result<(), JournalError> {
            let found = conn
                .pragma_query_value(None, name, |r| r.get::<_, rusqlite::types::Value>(0))
                .optional()
                .map_err(sql)?;
            let found = match found {
                Some(rusqlite::types::Value::Integer(i)) => i.to_string(),
                Some(rusqlite::types::Value::Text(t)) => t,
                // A pragma that gives no row is off: mmap_size where it is not compiled in.
                _ => "0".to_owned(),
            };
            if found == wanted {
                return Ok(());
            }
            Err(JournalError::Pragma { path: path.to_owned(), name, wanted, found })
        };
        expect("journal_mode", "wal")?;
        expect("synchronous", if synchronous == "FULL" { "2" } else { "1" })?;
        expect("mmap_size", "0")?;
        expect("trusted_schema", "0")?;
    }
    Ok(conn)
}

fn is_ours_or_new(conn: &Connection, application: i64) -> rusqlite::Result<bool> {
    let found: i64 = conn.pragma_query_value(None, "application_id", |r| r.get(0))?;
    if found != 0 {
        return Ok(found == application);
    }
    conn.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |r| r.get(0))
}

/// Makes the schema in an empty file; checks application and format of any other.
pub fn ensure_schema(
    conn: &mut Connection,
    path: &Path,
    application: i64,
    tables: &[&str],
    first: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
) -> Result<(), JournalError> {
    let sql = |source| JournalError::Sql { path: path.to_owned(), source };
    let int = |conn: &Connection, name: &str| conn.pragma_query_value(None, name, |r| r.get::<_, i64>(0));
    if int(conn, "application_id").map_err(sql)? != application {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
        // Another process may have made it meanwhile.
        if int(&tx, "application_id").map_err(sql)? != application {
            if !is_ours_or_new(&tx, application).map_err(sql)? {
                return Err(JournalError::Foreign(path.to_owned()));
            }
            for table in tables {
                tx.execute_batch(table).map_err(sql)?;
            }
            first(&tx).map_err(sql)?;
            tx.pragma_update(None, "application_id", application).map_err(sql)?;
            tx.pragma_update(None, "user_version", FORMAT).map_err(sql)?;
            tx.commit().map_err(sql)?;
            return Ok(());
        }
    }
    let version = int(conn, "user_version").map_err(sql)?;
    if version > FORMAT {
        return Err(JournalError::Newer { path: path.to_owned(), version });
    }
    Ok(())
}

/// Writes the log back and closes.
pub fn close(conn: Connection) {
    // What cannot be written back now is written back at the next open.
    let _ = conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
    let _ = conn.close();
}

//! Migrations that SQL alone cannot do.

use crate::model::Spread;
use crate::store::tile::{self, Cell};
use crate::store::write::{WriteError, write_tiles};
use rusqlite::{Connection, Row, params};

/// Schema 3 held a row for every measurement; schema 4 holds them in tiles.
pub(super) fn points_to_tiles(sql: &Connection) -> rusqlite::Result<()> {
    let trouble = |e: std::io::Error| rusqlite::Error::ToSqlConversionFailure(e.to_string().into());
    let mut packer = tile::Packer::new().map_err(trouble)?;
    // Where a series has nothing, nothing is known of its direction.
    sql.execute_batch(
        "UPDATE series SET direction = COALESCE((SELECT o.direction FROM point p \
           JOIN origin o ON o.id = p.origin WHERE p.series = series.id \
           ORDER BY p.run DESC LIMIT 1), 0)",
    )?;
    let last: i64 = sql.query_row("SELECT COALESCE(max(id), 0) FROM series", [], |r| r.get(0))?;
    let mut cells: Vec<Cell> = Vec::new();
    // A block fits into memory however large the store is.
    for block in 0..=tile::block_of(last) {
        let (from, to) = (block * tile::SERIES, (block + 1) * tile::SERIES - 1);
        let mut statement = sql.prepare_cached(
            "SELECT run, series, value, below, above, n, origin FROM point \
             WHERE series BETWEEN ?1 AND ?2 ORDER BY run, series",
        )?;
        let mut rows = statement.query(params![from, to])?;
        let mut current = None;
        while let Some(row) = rows.next()? {
            let run: i64 = row.get(0)?;
            if current.is_some_and(|own| own != run) {
                flush(sql, &mut packer, current, &mut cells)?;
            }
            current = Some(run);
            cells.push(cell(row)?);
        }
        flush(sql, &mut packer, current, &mut cells)?;
    }
    sql.execute_batch("DROP TABLE point")
}

fn flush(
    sql: &Connection,
    packer: &mut tile::Packer,
    run: Option<i64>,
    cells: &mut Vec<Cell>,
) -> rusqlite::Result<()> {
    if let Some(run) = run {
        write_tiles(sql, packer, run, cells).map_err(|e| match e {
            WriteError::Sqlite(e) => e,
            WriteError::Other(reason) => rusqlite::Error::ToSqlConversionFailure(reason.into()),
        })?;
    }
    cells.clear();
    Ok(())
}

fn cell(row: &Row<'_>) -> rusqlite::Result<Cell> {
    let (below, above): (Option<u32>, Option<u32>) = (row.get(3)?, row.get(4)?);
    let spread = match (below, above) {
        (Some(below), Some(above)) => Some(Spread { below, above }),
        _ => None,
    };
    Ok(Cell {
        series: row.get(1)?,
        value: row.get(2)?,
        spread,
        n: row.get::<_, i64>(5)?.unsigned_abs(),
        origin: row.get::<_, i64>(6)?.unsigned_abs(),
    })
}

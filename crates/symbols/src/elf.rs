//! Symbol tables.

use object::{Object, ObjectSymbol, SymbolKind};

/// Function symbols, sorted by address.
pub(crate) struct Symbols<'data> {
    rows: Vec<Symbol<'data>>,
}

#[derive(Clone, Copy)]
struct Symbol<'data> {
    address: u64,
    size: u64,
    name: &'data str,
}

impl<'data> Symbols<'data> {
    /// The symbols of the file, else of its debug file, else those for dynamic linking.
    pub(crate) fn read(file: &object::File<'data>, debug: Option<&object::File<'data>>) -> Self {
        let functions = |file: &object::File<'data>| -> Vec<Symbol<'data>> {
            file.symbols()
                .filter_map(|symbol| function(&symbol))
                .collect()
        };
        let mut rows = functions(file);
        if rows.is_empty() {
            rows = debug.map(functions).unwrap_or_default();
        }
        if rows.is_empty() {
            let dynamic = file.dynamic_symbols();
            rows = dynamic.filter_map(|symbol| function(&symbol)).collect();
        }
        rows.sort_by_key(|row| (row.address, row.size));
        Self { rows }
    }

    /// The symbol that covers an address. One without a size reaches to the next.
    pub(crate) fn find(&self, address: u64) -> Option<&'data str> {
        let behind = self.rows.partition_point(|row| row.address <= address);
        let row = self.rows.get(behind.checked_sub(1)?)?;
        (row.size == 0 || address - row.address < row.size).then_some(row.name)
    }
}

fn function<'data>(symbol: &object::Symbol<'data, '_>) -> Option<Symbol<'data>> {
    let name = symbol.name().ok().filter(|name| !name.is_empty())?;
    let is_code = symbol.kind() == SymbolKind::Text && symbol.is_definition();
    is_code.then(|| Symbol {
        address: symbol.address(),
        size: symbol.size(),
        name,
    })
}

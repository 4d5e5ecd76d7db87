//! Finding the table in a file.

use object::{Object, ObjectSection};

use super::Pclntab;
use super::header::Header;
use super::module_data::ModuleData;
use crate::image::Image;

/// Places in a segment that are tried: each may cost a search of the whole file.
const MOST_CANDIDATES: usize = 64;

impl<'data> Pclntab<'data> {
    /// Finds the table by the name of its section or, where names are gone, by how it begins.
    pub(crate) fn find(file: &object::File<'data>, image: &Image<'data>) -> Option<Self> {
        let named = file
            .sections()
            .find(|section| section.name().is_ok_and(|name| name.ends_with("gopclntab")));
        if let Some(section) = named
            && let Some(table) = Self::at(file, image, section.address(), section.data().ok()?)
        {
            return Some(table);
        }
        let marks_go = |name: &str| matches!(name, ".go.buildinfo" | ".note.go.buildid");
        let mut names = file
            .sections()
            .filter_map(|section| section.name().ok().map(marks_go));
        let is_go = names.any(|marks| marks) || file.sections().nth(1).is_none();
        is_go.then(|| Self::scan(file, image))?
    }

    fn scan(file: &object::File<'data>, image: &Image<'data>) -> Option<Self> {
        image.segments().iter().find_map(|segment| {
            // The linker aligns the table, and segments begin on pages.
            let places = (0..segment.data.len()).step_by(8);
            places
                .filter(|&at| is_magic(&segment.data[at..]))
                .take(MOST_CANDIDATES)
                .find_map(|at| {
                    let address = segment.address.checked_add(at as u64)?;
                    Self::at(file, image, address, &segment.data[at..])
                })
        })
    }

    fn at(
        file: &object::File<'data>,
        image: &Image<'data>,
        address: u64,
        data: &'data [u8],
    ) -> Option<Self> {
        let header = Header::parse(data)?;
        let module = ModuleData::find(file, image, address, data, &header);
        let text = match &module {
            _ if header.field_size() != 4 => 0,
            Some(module) => module.text,
            None if header.text != 0 => header.text,
            None => file.section_by_name(".text")?.address(),
        };
        let mut table = Self {
            data,
            header,
            text,
            inline_trees: &[],
        };
        if let Some(module) = module {
            table.inline_trees = table.choose_trees(&module, image);
        }
        Some(table)
    }
}

/// Magic, two zero bytes, size of an instruction and of a pointer, in either byte order.
fn is_magic(data: &[u8]) -> bool {
    let Some(head) = data.get(..8) else {
        return false;
    };
    let version = |byte| matches!(byte, 0xf0 | 0xf1 | 0xfa | 0xfb);
    let ones = |bytes: &[u8]| bytes.iter().all(|&byte| byte == 0xff);
    let begins = version(head[0]) && ones(&head[1..4]) || version(head[3]) && ones(&head[..3]);
    begins && head[4..6] == [0, 0] && matches!(head[6], 1 | 2 | 4) && matches!(head[7], 4 | 8)
}

//! The tables of one thread.

use hashbrown::HashMap;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Sample, WeightType};
use crate::frames::FrameRow;
use crate::strings::StringId;
use crate::tables::Profile;

/// Rows of the categories in the profile's `meta`.
const USER: u8 = 1;
const KERNEL: u8 = 2;
/// A resource that is a library.
const LIBRARY: u8 = 1;

/// A thread in columns.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tables<'a> {
    name: String,
    process_name: &'a str,
    process_type: &'static str,
    is_main_thread: bool,
    pid: String,
    tid: i32,
    process_startup_time: u8,
    process_shutdown_time: Option<u8>,
    register_time: u8,
    unregister_time: Option<u8>,
    paused_ranges: [u8; 0],
    samples: SampleColumns,
    stack_table: StackColumns,
    frame_table: FrameColumns,
    func_table: FuncColumns,
    resource_table: ResourceColumns,
    native_symbols: Value,
    markers: Value,
    string_array: Vec<&'a str>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct SampleColumns {
    length: usize,
    stack: Vec<Option<usize>>,
    time: Vec<f64>,
    weight: Vec<f64>,
    weight_type: Option<WeightType>,
}

#[derive(Default, Serialize)]
struct StackColumns {
    length: usize,
    prefix: Vec<Option<usize>>,
    frame: Vec<usize>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct FrameColumns {
    length: usize,
    address: Vec<i8>,
    inline_depth: Vec<u32>,
    category: Vec<u8>,
    subcategory: Vec<u8>,
    func: Vec<usize>,
    native_symbol: Vec<Option<usize>>,
    #[serde(rename = "innerWindowID")]
    inner_window_id: Vec<Option<usize>>,
    line: Vec<Option<i32>>,
    column: Vec<Option<i32>>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct FuncColumns {
    length: usize,
    name: Vec<usize>,
    #[serde(rename = "isJS")]
    is_js: Vec<bool>,
    #[serde(rename = "relevantForJS")]
    relevant_for_js: Vec<bool>,
    /// -1: none.
    resource: Vec<i64>,
    file_name: Vec<Option<usize>>,
    line_number: Vec<Option<i32>>,
    column_number: Vec<Option<i32>>,
}

#[derive(Default, Serialize)]
struct ResourceColumns {
    length: usize,
    lib: Vec<Option<usize>>,
    name: Vec<usize>,
    host: Vec<Option<usize>>,
    #[serde(rename = "type")]
    kind: Vec<u8>,
}

impl<'a> Tables<'a> {
    pub(super) fn new(
        profile: &'a Profile,
        process: &'a str,
        tid: i32,
        weight_type: WeightType,
        samples: &[Sample],
    ) -> Self {
        let thread = profile.threads.iter().find(|thread| thread.tid == tid);
        let pid = thread.map_or(0, |thread| thread.pid);
        let known = thread.map_or("", |thread| profile.strings.text(thread.name));
        let name = match (known, tid) {
            ("", 0) => process.to_owned(),
            ("", _) => format!("thread {tid}"),
            (known, _) => known.to_owned(),
        };
        let mut rows = Rows::new(profile);
        let sample_table = rows.samples(samples, weight_type);
        let (stack_table, frame_table) = (rows.stacks, rows.frames);
        Self {
            name,
            process_name: process,
            process_type: "default",
            is_main_thread: pid == tid,
            pid: pid.to_string(),
            tid,
            process_startup_time: 0,
            process_shutdown_time: None,
            register_time: 0,
            unregister_time: None,
            paused_ranges: [],
            samples: sample_table,
            stack_table,
            frame_table,
            func_table: rows.funcs,
            resource_table: rows.resources,
            native_symbols: json!({"length": 0, "address": [], "functionSize": [], "libIndex": [], "name": []}),
            markers: json!({
                "length": 0, "category": [], "data": [], "endTime": [], "name": [], "phase": [], "startTime": [],
            }),
            string_array: rows.texts,
        }
    }
}

/// Gives rows to what the samples of a thread refer to, each once.
struct Rows<'a> {
    profile: &'a Profile,
    stacks: StackColumns,
    stack_rows: HashMap<(Option<usize>, usize), usize>,
    frames: FrameColumns,
    /// By frame of the profile and inline depth.
    frame_rows: HashMap<(u32, u32), usize>,
    funcs: FuncColumns,
    func_rows: HashMap<(StringId, StringId, StringId), usize>,
    resources: ResourceColumns,
    resource_rows: HashMap<StringId, usize>,
    texts: Vec<&'a str>,
    text_rows: HashMap<StringId, usize>,
}

impl<'a> Rows<'a> {
    fn new(profile: &'a Profile) -> Self {
        Self {
            profile,
            stacks: StackColumns::default(),
            stack_rows: HashMap::new(),
            frames: FrameColumns::default(),
            frame_rows: HashMap::new(),
            funcs: FuncColumns::default(),
            func_rows: HashMap::new(),
            resources: ResourceColumns::default(),
            resource_rows: HashMap::new(),
            texts: Vec::new(),
            text_rows: HashMap::new(),
        }
    }

    fn samples(&mut self, samples: &[Sample], weight_type: WeightType) -> SampleColumns {
        let mut known: HashMap<u32, Option<usize>> = HashMap::new();
        let mut columns = SampleColumns {
            length: samples.len(),
            weight_type: Some(weight_type),
            ..SampleColumns::default()
        };
        for sample in samples {
            let stack = known.entry(sample.stack);
            columns
                .stack
                .push(*stack.or_insert_with(|| self.stack(sample.stack)));
            columns.time.push(sample.ms);
            columns.weight.push(weight_type.weight(sample.weight));
        }
        columns
    }

    /// The row of a stack; none for one without frames.
    fn stack(&mut self, stack: u32) -> Option<usize> {
        let mut prefix = None;
        let profile = self.profile;
        for &location in profile.stacks.locations(stack).iter().rev() {
            // The physical function comes last, so depths count from the end.
            for (depth, &frame) in (0u32..).zip(profile.locations.frames(location).iter().rev()) {
                let frame = self.frame(frame, depth);
                prefix = Some(self.node(prefix, frame));
            }
        }
        prefix
    }

    fn node(&mut self, prefix: Option<usize>, frame: usize) -> usize {
        let columns = &mut self.stacks;
        *self.stack_rows.entry((prefix, frame)).or_insert_with(|| {
            columns.prefix.push(prefix);
            columns.frame.push(frame);
            columns.length += 1;
            columns.length - 1
        })
    }

    fn frame(&mut self, frame: u32, depth: u32) -> usize {
        if let Some(&row) = self.frame_rows.get(&(frame, depth)) {
            return row;
        }
        let of = self
            .profile
            .frames
            .rows()
            .get(frame as usize)
            .copied()
            .unwrap_or_default();
        let func = self.func(of);
        let columns = &mut self.frames;
        columns.address.push(-1);
        columns.inline_depth.push(depth);
        columns.category.push(if of.kernel { KERNEL } else { USER });
        columns.subcategory.push(0);
        columns.func.push(func);
        columns.native_symbol.push(None);
        columns.inner_window_id.push(None);
        columns.line.push(known_line(of.line));
        columns.column.push(None);
        columns.length += 1;
        self.frame_rows.insert((frame, depth), columns.length - 1);
        columns.length - 1
    }

    fn func(&mut self, of: FrameRow) -> usize {
        let key = (of.function, of.file, of.module);
        if let Some(&row) = self.func_rows.get(&key) {
            return row;
        }
        let name = self.text(of.function);
        let file = (of.file != StringId::EMPTY).then(|| self.text(of.file));
        let resource = if of.module == StringId::EMPTY {
            -1
        } else {
            self.resource(of.module) as i64
        };
        let columns = &mut self.funcs;
        columns.name.push(name);
        columns.is_js.push(false);
        columns.relevant_for_js.push(false);
        columns.resource.push(resource);
        columns.file_name.push(file);
        columns.line_number.push(known_line(of.start_line));
        columns.column_number.push(None);
        columns.length += 1;
        self.func_rows.insert(key, columns.length - 1);
        columns.length - 1
    }

    fn resource(&mut self, module: StringId) -> usize {
        if let Some(&row) = self.resource_rows.get(&module) {
            return row;
        }
        let name = self.text(module);
        let columns = &mut self.resources;
        columns.lib.push(None);
        columns.name.push(name);
        columns.host.push(None);
        columns.kind.push(LIBRARY);
        columns.length += 1;
        self.resource_rows.insert(module, columns.length - 1);
        columns.length - 1
    }

    fn text(&mut self, id: StringId) -> usize {
        let texts = &mut self.texts;
        let text = self.profile.strings.text(id);
        *self.text_rows.entry(id).or_insert_with(|| {
            texts.push(text);
            texts.len() - 1
        })
    }
}

fn known_line(line: i32) -> Option<i32> {
    (line > 0).then_some(line)
}

//! From bytes to a program. Total: any bytes are a program, a shorter input is a shorter program.

use super::clock::Clock;
use super::dice::{Dice, Table};
use super::limits;
use super::ops::{Class, Op, OpKind};
use super::record::{BLOCK, Block, Context, HEADER, Header, Pool, Reader, VERSION};
use super::step::{Config, Program, Step};
use crate::backend::{Value, Who};
use arbitrary::{Arbitrary, Unstructured};

/// Why bytes are no artifact of this build.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset}: {message}")]
pub struct DecodeError {
    /// Where, in bytes from the start.
    pub offset: usize,
    /// What is wrong and what to do about it.
    pub message: String,
}

impl Program {
    /// Decodes any bytes, as fuzz targets do: what makes no sense is read as something that does. At most
    /// [`limits::MAX_STEPS`] steps and [`limits::MAX_WORK`] calls; decoding ends before the step that is too much.
    pub fn decode(bytes: &[u8]) -> Program {
        Program::read(&mut Unstructured::new(bytes))
    }

    /// Decodes a file that is meant to be a fuzz input: refuses what [`Program::decode`] would have to guess about.
    pub fn from_artifact(bytes: &[u8]) -> Result<Program, DecodeError> {
        let fault = |offset: usize, message: String| Err(DecodeError { offset, message });
        let Some(&version) = bytes.first() else {
            return fault(0, "the file is empty: give a fuzz input or an .ops text".into());
        };
        if version != VERSION {
            let hint = "give one of this version, or an .ops text, which begins with `# lockstep 1`";
            return fault(0, format!("not a fuzz input (first byte {version}; this build writes {VERSION}): {hint}"));
        }
        let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else {
            let message =
                format!("the file ends within the header of {HEADER} bytes: it has been cut, or is no fuzz input");
            return fault(bytes.len(), message);
        };
        let pool = usize::from(Header::from_bytes(header).pool_blocks) * BLOCK;
        if rest.len() < pool {
            let message = format!(
                "the file ends within its literal pool, which reaches to byte {}: it has been cut, or the header is damaged",
                HEADER + pool
            );
            return fault(bytes.len(), message);
        }
        let torn = (rest.len() - pool) % BLOCK;
        if torn != 0 {
            let message = format!(
                "{torn} bytes are left over, a step takes {BLOCK}: the file has been cut, is damaged otherwise, or is no fuzz input"
            );
            return fault(bytes.len() - torn, message);
        }
        Ok(Program::decode(bytes))
    }

    /// Decodes what is left of the input.
    fn read(input: &mut Unstructured<'_>) -> Program {
        let header = Header::from_bytes(&take(input));
        let pool_len = (usize::from(header.pool_blocks) * BLOCK).min(input.len());
        let pool = Pool::new(input.bytes(pool_len).unwrap_or_default());
        let steps = input.len().div_ceil(BLOCK).min(limits::MAX_STEPS);
        let mut decoder = Decoder::new(&header, &pool);
        let mut program = Program { config: header.config.clone(), steps: Vec::with_capacity(steps) };
        while program.steps.len() < limits::MAX_STEPS && !input.is_empty() {
            match decoder.step(&take(input)) {
                Some(step) => program.steps.push(step),
                None => break,
            }
        }
        program
    }
}

impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Program::read(input))
    }
}

/// Takes the next bytes, with zeros after the end.
fn take<const N: usize>(input: &mut Unstructured<'_>) -> [u8; N] {
    let mut bytes = [0; N];
    // Filling a buffer never fails: what is missing is zero.
    let _ = input.fill_buffer(&mut bytes);
    bytes
}

/// Decodes record by record.
struct Decoder<'p> {
    context: Context<'p>,
    pool: &'p Pool<'p>,
    kinds: [OpKind; 256],
    work: usize,
}

impl<'p> Decoder<'p> {
    fn new(header: &'p Header, pool: &'p Pool<'p>) -> Self {
        Decoder { context: Context::new(&header.config), pool, kinds: operation_bytes(header), work: 0 }
    }

    /// The next step; `None` if the program would cost too much with it.
    fn step(&mut self, record: &Block) -> Option<Step> {
        let mut reader = Reader::new(record, &self.context, self.pool);
        let mut who = reader.who;
        let op = Op::decode_operands(self.kinds[usize::from(record[0])], &mut reader);
        match op.class() {
            Class::Cursor | Class::Burst => {}
            Class::Session => who.cursor = 0,
            Class::Global | Class::Injection => who = Who::default(),
        }
        self.work += op.cost(self.context.config);
        let step = Step { who, op, expect: None };
        self.context.observe(&step);
        (self.work <= limits::MAX_WORK).then_some(step)
    }
}

impl<'p> Context<'p> {
    pub(super) fn new(config: &'p Config) -> Self {
        Context { config, clock: Clock::new(), last_value: Value::EMPTY, index: 0 }
    }

    /// Goes on to the next record.
    pub(super) fn observe(&mut self, step: &Step) {
        self.clock.observe(step, self.config);
        if let Op::Insert { value: Some(value), .. }
        | Op::Update { value: Some(value), .. }
        | Op::InsertBeside { value, .. }
        | Op::Value { value } = &step.op
        {
            self.last_value = value.clone();
        }
        self.index += 1;
    }
}

/// Which operation each operation byte means: byte i operation i, if it is on; all others one that is on, by weight.
pub(super) fn operation_bytes(header: &Header) -> [OpKind; 256] {
    let all = header.swarm << (64 - Op::COUNT) == 0;
    let is_on = |kind: OpKind| all || header.swarm >> (kind as u32) & 1 == 1;
    let mut dice = Dice::new(header.seed);
    let weights = OpKind::ALL.map(|kind| {
        let factor = 1 + dice.below(8);
        if is_on(kind) { kind.row().weight.base() * factor } else { 0 }
    });
    let table = Table::<256>::new(&weights);
    let mut kinds = [OpKind::Next; 256];
    for (byte, kind) in kinds.iter_mut().enumerate() {
        *kind = match OpKind::ALL.get(byte) {
            Some(&own) if is_on(own) => own,
            // Spread over the table, so that the bytes of an operation that is off do not all mean the same.
            _ => table.at(byte.wrapping_mul(167) % 256),
        };
    }
    kinds
}

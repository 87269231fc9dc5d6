//! From a program to bytes: the inverse of decoding, so that text programs can join a fuzzer's corpus.

use super::limits;
use super::record::{Block, Context, Header, PoolBuilder, VERSION, Writer};
use super::step::Program;

/// Why a program has no binary form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// More steps than are decoded.
    #[error("{steps} steps: a fuzz input has at most {}; cut the program or keep it as text", limits::MAX_STEPS)]
    TooManySteps {
        /// The number of steps.
        steps: usize,
    },
    /// More calls than are decoded.
    #[error(
        "step {step}: with it the program needs more than {} calls; use fewer scans and bulk operations or fewer keys",
        limits::MAX_WORK
    )]
    TooMuchWork {
        /// The step that is too much, from 0.
        step: usize,
    },
    /// More or longer literals than fit.
    #[error(
        "its keys, values and timestamps take too much room: use fewer or shorter ones, or keep the program as text"
    )]
    PoolFull,
    /// Something that decoding cannot yield.
    #[error("step {step} (`{text}`): beyond the configuration or the limits of a program")]
    Unencodable {
        /// The step, from 0.
        step: usize,
        /// The step as text.
        text: String,
    },
    /// A configuration that decoding cannot yield.
    #[error("the configuration is beyond its limits")]
    Config,
}

impl Program {
    /// The bytes that [`Program::decode`] reads as this program. Expected replies are left out.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        if self.steps.len() > limits::MAX_STEPS {
            return Err(EncodeError::TooManySteps { steps: self.steps.len() });
        }
        if !self.config.is_valid() {
            return Err(EncodeError::Config);
        }
        let mut work = 0;
        for (index, step) in self.steps.iter().enumerate() {
            work += step.op.cost(&self.config);
            if work > limits::MAX_WORK {
                return Err(EncodeError::TooMuchWork { step: index });
            }
        }
        let (records, pool) = self.records();
        let (pool, pool_blocks) = pool.finish().ok_or(EncodeError::PoolFull)?;
        let header = self.header(pool_blocks).to_bytes();
        let bytes = [&header[..], &pool, records.as_flattened()].concat();
        self.check(&bytes)?;
        Ok(bytes)
    }

    /// The records of the steps, and the literals that they refer to.
    pub(super) fn records(&self) -> (Vec<Block>, PoolBuilder) {
        let mut pool = PoolBuilder::default();
        let mut context = Context::new(&self.config);
        let mut records = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let mut writer = Writer::new(step.who, &context, &mut pool);
            step.op.encode_operands(&mut writer);
            records.push(writer.finish(step.op.index() as u8));
            context.observe(step);
        }
        (records, pool)
    }

    /// A header with which all operations of the program are on.
    fn header(&self, pool_blocks: u16) -> Header {
        let swarm = self.steps.iter().fold(0, |swarm, step| swarm | 1 << step.op.index());
        // The weights only have to differ from program to program.
        let seed = self.steps.iter().fold(0, |seed: u64, step| seed.rotate_left(5) ^ step.op.index() as u64);
        Header { version: VERSION, config: self.config.clone(), swarm, seed, pool_blocks }
    }

    /// Makes sure that nothing was lost: a program that was put together by hand may say what no bytes say.
    fn check(&self, bytes: &[u8]) -> Result<(), EncodeError> {
        let decoded = Program::decode(bytes);
        if decoded.config != self.config {
            return Err(EncodeError::Config);
        }
        for (index, step) in self.steps.iter().enumerate() {
            if decoded.steps.get(index).is_none_or(|other| (other.who, &other.op) != (step.who, &step.op)) {
                return Err(EncodeError::Unencodable { step: index, text: step.in_format(self.config.format) });
            }
        }
        Ok(())
    }
}

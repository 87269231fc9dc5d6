//! The model as a database.

use super::database::{Checkpoints, Database, Death};
use crate::backend::{Backend, Call, Code, Format, Isolation, Key, Reply, Value, Who};
use crate::oracle::model::{Checkpoint, Model};
use std::rc::Rc;

/// The model with the checkpoints that it has taken.
#[derive(Debug)]
pub struct ModelDatabase {
    model: Model,
    checkpoints: Checkpoints<Rc<Checkpoint>>,
    /// A checkpoint is what is stable, so without a stable timestamp there is none.
    precise: bool,
}

impl ModelDatabase {
    /// An empty database with that many sessions, of two cursor slots each. `precise`: its checkpoints need a stable
    /// timestamp, as those of disaggregated storage do.
    pub fn new(sessions: usize, precise: bool) -> Self {
        let model = Model::new(&vec![Isolation::Snapshot; sessions], 2, 0, Format::Row);
        ModelDatabase { model, checkpoints: Checkpoints::default(), precise }
    }
}

impl Database for ModelDatabase {
    fn name(&self) -> &'static str {
        "model"
    }

    fn create_table(&mut self, format: Format) {
        self.model.create_table(format);
    }

    fn call(&mut self, who: Who, call: Call<'_>) -> Reply {
        self.model.call(who, call)
    }

    fn checkpoint(&mut self, name: Option<&str>) -> Code {
        if self.precise && self.model.stable() == 0 {
            return Code::Invalid;
        }
        self.checkpoints.keep(name, Rc::new(self.model.checkpoint()));
        Code::Ok
    }

    fn crash(&mut self, death: Death) {
        if death == Death::AfterCheckpoint {
            self.checkpoint(None);
        }
        self.model.recover(self.checkpoints.newest().map(Rc::as_ref));
    }

    fn rollback_to_stable(&mut self) -> Code {
        let code = self.model.tell(Who::default(), Call::RollbackToStable);
        if code == Code::Ok {
            self.checkpoint(None);
        }
        code
    }

    fn checkpointed(&self, name: Option<&str>, table: u8) -> Vec<(Key, Value)> {
        self.checkpoints.named(name).map_or_else(Vec::new, |checkpoint| checkpoint.records(table))
    }
}

//! The literal pool of a binary program: byte strings that records refer to by index.

use super::{BLOCK, Slot};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// The pool of a program that is being decoded.
pub(in crate::program) struct Pool<'p> {
    literals: Vec<&'p [u8]>,
}

impl<'p> Pool<'p> {
    /// Reads a pool; total: a literal that reaches past the end is cut.
    pub fn new(mut bytes: &'p [u8]) -> Self {
        let mut literals = Vec::new();
        while let Some((len, rest)) = bytes.split_first_chunk::<2>() {
            let len = usize::from(u16::from_le_bytes(*len)).min(rest.len());
            let (literal, rest) = rest.split_at(len);
            literals.push(literal);
            bytes = rest;
            if literals.len() == Slot::MAX_LITERALS {
                break;
            }
        }
        Pool { literals }
    }

    /// The literal that a slot refers to, if it refers to one and there is any.
    #[inline]
    pub fn get(&self, slot: Slot) -> Option<&'p [u8]> {
        if slot.mode() < Slot::LITERAL || self.literals.is_empty() {
            return None;
        }
        let index = usize::from(slot.0) & (Slot::MAX_LITERALS - 1);
        Some(self.literals[index % self.literals.len()])
    }
}

/// The pool of a program that is being encoded.
#[derive(Default)]
pub(in crate::program) struct PoolBuilder {
    /// Where each literal is. The hasher has no random state, and nothing depends on the order.
    indices: HashMap<Vec<u8>, u16, FxBuildHasher>,
    bytes: Vec<u8>,
    overflow: bool,
}

impl PoolBuilder {
    /// A slot that refers to a literal.
    pub fn literal(&mut self, literal: &[u8]) -> Slot {
        if let Some(&index) = self.indices.get(literal) {
            return Slot::literal(index);
        }
        let (Ok(len), true) = (u16::try_from(literal.len()), self.indices.len() < Slot::MAX_LITERALS) else {
            self.overflow = true;
            return Slot::literal(0);
        };
        let index = self.indices.len() as u16;
        self.bytes.extend(len.to_le_bytes());
        self.bytes.extend(literal);
        self.indices.insert(literal.to_vec(), index);
        Slot::literal(index)
    }

    /// The pool, in whole blocks, and their number; `None` if it has become too large.
    pub fn finish(mut self) -> Option<(Vec<u8>, u16)> {
        // Zeros to the end of the block read as empty literals, which nothing refers to.
        self.bytes.resize(self.bytes.len().next_multiple_of(BLOCK), 0);
        let blocks = u16::try_from(self.bytes.len() / BLOCK).ok()?;
        (!self.overflow).then_some((self.bytes, blocks))
    }
}

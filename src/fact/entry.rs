//! A fact as it is recorded: with who and when, in its place in a chain of hashes.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Fact;
use crate::clock::{Stamp, Writer};
use crate::text::Untrusted;

/// Version of the entry format; a reader keeps entries of later versions byte-exact and shows them as unknown.
pub const SCHEMA: u32 = 1;

/// Who does something: the person and, where the plan knows roles, the role it is done in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Author {
    /// The person's name.
    pub person: Untrusted,
    /// The role, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Untrusted>,
}

/// The name under which the room does what nobody did.
const ITSELF: &str = "warroom";

impl Author {
    /// The room, for what the plan lets it do and no person did.
    pub fn room() -> Self {
        Self { person: Untrusted::new(ITSELF), role: None }
    }
}

/// A fact that wants to be recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Identity; the same draft handed in twice is recorded once.
    pub id: Uuid,
    /// Who.
    pub by: Author,
    /// What.
    pub fact: Fact,
}

/// SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Hash(pub [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A recorded fact: durable, ordered, chained.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Identity.
    pub id: Uuid,
    /// Whose chain.
    pub writer: Writer,
    /// Place in that chain, from 1.
    pub seq: u64,
    /// Order among all entries of all writers.
    pub stamp: Stamp,
    /// Who.
    pub by: Author,
    /// What.
    pub fact: Fact,
    /// The fact's JSON as recorded; what the hash covers, and all there is of an unknown kind.
    pub body: Arc<str>,
    /// Hash of the entry before it in the chain; zero for the first.
    pub prev: Hash,
    /// Hash of this entry: see [`Entry::compute_hash`].
    pub hash: Hash,
}

impl Entry {
    /// Makes the entry that follows `prev` in a chain.
    pub fn seal(draft: Draft, writer: Writer, seq: u64, stamp: Stamp, prev: Hash) -> Self {
        let body: Arc<str> = serde_json::to_string(&draft.fact).unwrap_or_default().into();
        let mut entry = Self {
            id: draft.id,
            writer,
            seq,
            stamp,
            by: draft.by,
            fact: Self::read_fact(&body),
            body,
            prev,
            hash: Hash::default(),
        };
        entry.hash = entry.compute_hash();
        entry
    }

    /// Reads a recorded body; an unknown kind is [`Fact::Unknown`], never an error.
    pub fn read_fact(body: &str) -> Fact {
        serde_json::from_str(body).unwrap_or(Fact::Unknown)
    }

    /// SHA-256 over schema, previous hash, id, writer, place, stamp, author and body, each with its length before it.
    pub fn compute_hash(&self) -> Hash {
        let mut sha = Sha256::new();
        let mut put = |part: &[u8]| {
            sha.update((part.len() as u64).to_le_bytes());
            sha.update(part);
        };
        put(&SCHEMA.to_le_bytes());
        put(&self.prev.0);
        put(self.id.as_bytes());
        put(&self.writer.0.to_le_bytes());
        put(&self.seq.to_le_bytes());
        put(&self.stamp.ms.to_le_bytes());
        put(&self.stamp.n.to_le_bytes());
        put(self.by.person.raw().as_bytes());
        put(self.by.role.as_ref().map_or("", |r| r.raw()).as_bytes());
        put(self.body.as_bytes());
        Hash(sha.finalize().into())
    }
}

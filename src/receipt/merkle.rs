//! One digest for many items and tables, made while they stream by.
//!
//! The tree has the shape of RFC 6962: a node's left half is the largest power of two that is smaller than the whole. All that is
//! held is one digest for each level. Leaves and nodes are hashed under contexts of their own, so that none can be taken
//! for another. `docs/formats.md` has it byte by byte.

use crate::digest::Digest;
use crate::item::Key;
use crate::tables::TableSum;

/// A tree that grows leaf by leaf.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// Roots of complete trees, the largest first, with the number of their leaves.
    complete: Vec<(u64, Digest)>,
    leaves: u64,
}

impl Tree {
    /// Adds the next leaf.
    pub fn push(&mut self, leaf: Digest) {
        self.leaves += 1;
        let mut last = (1, leaf);
        while let Some((leaves, left)) = self.complete.pop_if(|(leaves, _)| *leaves == last.0) {
            last = (leaves * 2, node(&left, &last.1));
        }
        self.complete.push(last);
    }

    /// How many leaves there are.
    #[must_use]
    pub fn leaves(&self) -> u64 {
        self.leaves
    }

    /// The root. Without leaves it is the digest of nothing.
    #[must_use]
    pub fn root(&self) -> Digest {
        let mut trees = self.complete.iter().rev().map(|(_, root)| *root);
        let Some(last) = trees.next() else { return derive("omt receipt node v1", &[]) };
        trees.fold(last, |right, left| node(&left, &right))
    }
}

/// The leaf of an item.
#[must_use]
pub fn item(key: Key, size: u64, blake3: &Digest, path: &str) -> Digest {
    let length = (path.len() as u64).to_le_bytes();
    let parts: [&[u8]; 5] =
        [&key.number().to_le_bytes(), &size.to_le_bytes(), blake3.as_bytes(), &length, path.as_bytes()];
    derive("omt receipt item v1", &parts)
}

/// The leaf of a table.
#[must_use]
pub fn table(name: &str, sum: &TableSum) -> Digest {
    let [length, rows] = [name.len() as u64, sum.rows].map(u64::to_le_bytes);
    let words: Vec<u8> = sum.sum.iter().flat_map(|word| word.to_le_bytes()).collect();
    derive("omt receipt table v1", &[&length, name.as_bytes(), &rows, &words])
}

/// The root over both trees.
#[must_use]
pub fn crown(items: &Tree, tables: &Tree) -> Digest {
    crown_of((items.leaves, &items.root()), (tables.leaves, &tables.root()))
}

/// The same, from what a receipt says about both trees.
#[must_use]
pub fn crown_of(items: (u64, &Digest), tables: (u64, &Digest)) -> Digest {
    let [items_count, tables_count] = [items.0, tables.0].map(u64::to_le_bytes);
    derive("omt receipt root v1", &[&items_count, items.1.as_bytes(), &tables_count, tables.1.as_bytes()])
}

fn node(left: &Digest, right: &Digest) -> Digest {
    derive("omt receipt node v1", &[left.as_bytes(), right.as_bytes()])
}

fn derive(context: &str, parts: &[&[u8]]) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Kind;

    /// As RFC 6962 defines it, over all leaves at once.
    fn plainly(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => derive("omt receipt node v1", &[]),
            [only] => *only,
            _ => {
                let half = (leaves.len() as u64).div_ceil(2).next_power_of_two() as usize;
                node(&plainly(&leaves[..half]), &plainly(&leaves[half..]))
            }
        }
    }

    #[test]
    fn leaf_by_leaf_gives_the_same_root_as_all_at_once() {
        let leaves: Vec<Digest> = (0..70_u32).map(|number| Digest::of(&number.to_le_bytes())).collect();
        let mut tree = Tree::default();
        for count in 0..=leaves.len() {
            assert_eq!(tree.root(), plainly(&leaves[..count]), "{count}");
            assert_eq!(tree.leaves(), count as u64);
            if let Some(leaf) = leaves.get(count) {
                tree.push(*leaf);
            }
        }
    }

    #[test]
    fn everything_that_is_said_changes_the_root() {
        let leaf =
            |id, size, content: &[u8], path| item(Key::new(Kind::Document, id), size, &Digest::of(content), path);
        let sum = |bytes: &[u8]| TableSum::of(&Digest::of(bytes));
        let (mut items, mut tables) = (Tree::default(), Tree::default());
        let mut roots = vec![crown(&items, &tables)];
        for other in [
            leaf(1, 2, b"a", "p"),
            leaf(2, 2, b"a", "p"),
            leaf(1, 3, b"a", "p"),
            leaf(1, 2, b"b", "p"),
            leaf(1, 2, b"a", "q"),
        ] {
            let mut one = Tree::default();
            one.push(other);
            roots.push(crown(&one, &tables));
            items.push(other);
            roots.push(crown(&items, &tables));
        }
        for other in [table("a", &sum(b"1")), table("b", &sum(b"1")), table("a", &sum(b"2"))] {
            tables.push(other);
            roots.push(crown(&items, &tables));
        }
        // The first tree of one item and the first tree that grew are the same.
        assert_eq!(roots.remove(1), roots[1]);
        let count = roots.len();
        roots.sort_unstable();
        roots.dedup();
        assert_eq!(roots.len(), count);
    }
}

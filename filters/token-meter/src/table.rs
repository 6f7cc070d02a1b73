//! A map that every exchange reads and that seldom grows: sorted, and searched by halves.
//!
//! The standard library's maps are compiled anew for every type, 4 kB each.

use std::borrow::Borrow;

/// Values by key. A new key moves those behind it.
#[derive(Debug)]
pub(crate) struct Table<K, V>(Vec<(K, V)>);

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord, V> Table<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key).ok()?;
        self.0.get(place).map(|(_, value)| value)
    }

    /// The value of `key`; a default one where there was none.
    pub(crate) fn slot(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        let place = self.place(&key).unwrap_or_else(|place| {
            self.0.insert(place, (key, V::default()));
            place
        });
        #[allow(clippy::indexing_slicing)] // Found or put there just above.
        &mut self.0[place].1
    }

    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.0.binary_search_by(|(known, _)| known.borrow().cmp(key))
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn keys_keep_their_values_as_others_come() {
        let mut table = Table::<String, u32>::default();
        for (key, value) in [("m", 1), ("a", 2), ("z", 3), ("m", 4)] {
            *table.slot(key.to_owned()) = value;
        }
        assert_eq!(table.len(), 3);
        let found = ["a", "m", "z", "b"].map(|key| table.get(key).copied());
        assert_eq!(found, [Some(2), Some(4), Some(3), None]);
    }
}

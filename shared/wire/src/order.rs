//! One sort for everything: the standard library's sorts are compiled anew, 5 kB each, for every type.

use std::collections::BinaryHeap;

/// Sorts by key, and leaves items of equal keys as they stand. Items that are in order cost one pass.
pub fn sort_by_key<T>(items: &mut Vec<T>, key: impl Fn(&T) -> [usize; 3]) {
    if items.is_sorted_by_key(&key) {
        return;
    }
    let keys = items.iter().map(key).zip(0..).collect();
    let mut taken: Vec<Option<T>> = items.drain(..).map(Some).collect();
    let order = places(keys);
    items.extend(order.into_iter().filter_map(|place| taken.get_mut(place)?.take()));
}

/// Where the items in sorted order stand now.
fn places(keys: Vec<([usize; 3], usize)>) -> Vec<usize> {
    let sorted = BinaryHeap::from(keys).into_sorted_vec();
    sorted.into_iter().map(|(_, place)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::sort_by_key;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sorts_as_the_standard_library_does(items: Vec<(u8, u8, bool)>) {
            let key = |(first, second, _): &(u8, u8, bool)| [usize::from(*first / 16), usize::from(*second / 16), 0];
            let (mut ours, mut theirs) = (items.clone(), items);
            sort_by_key(&mut ours, key);
            theirs.sort_by_key(key);
            prop_assert_eq!(ours, theirs);
        }
    }
}

//! Keys that are published on purpose: the API keys in the samples of Google's client libraries, as the allow-list of
//! gitleaks names them. Kept as hashes, so that no scanner of this repository takes them for a leak.

/// FNV-1a, 64 bits, of the bytes after `AIza`; ascending.
const SAMPLES: [u64; 15] = [
    0x04fc8f94ff41ae6c,
    0x260277796c662b22,
    0x2e7db3af3eea1f09,
    0x3525927329a39927,
    0x4375af8cd29f9c7d,
    0x90e96160e25dd580,
    0x96a4ce9690ad5a5a,
    0xb50299514d4122a8,
    0xc8720e1c289b7263,
    0xc8ca5897fb9950db,
    0xcf98c636fbb524cd,
    0xd255566a119c02fe,
    0xd5e386d4bd36d1d8,
    0xd79056677d8f8625,
    0xfe80bdc6b410f57d,
];

/// Whether a credential, without the literal bytes that all of its kind begin with, is a published one.
pub(super) fn is_published(body: &[u8]) -> bool {
    let step = |hash: u64, b: &u8| (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3);
    SAMPLES
        .binary_search(&body.iter().fold(0xcbf2_9ce4_8422_2325, step))
        .is_ok()
}

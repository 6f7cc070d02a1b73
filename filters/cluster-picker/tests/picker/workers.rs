//! Several VMs of one proxy: what they know of each other, and one configuration after another.

use crate::story::{A, B, C, D, Proxy, Sent, chat, fleet, given};

/// A proxy of two VMs that have met.
pub(crate) fn pair(config: &str) -> Proxy {
    let mut proxy = given(config);
    proxy.join(config);
    meet(&mut proxy, 2);
    proxy
}

pub(crate) fn meet(proxy: &mut Proxy, vms: usize) {
    for vm in (0..vms).chain(0..vms).chain(0..vms) {
        let sent = proxy.ask(&chat(10).at(vm));
        proxy.served(sent, 20, 2);
        proxy.pass(5);
    }
}

pub(crate) fn spread_at(proxy: &mut Proxy, vm: usize, count: usize, bytes: usize) -> Vec<String> {
    (0..count)
        .map(|_| proxy.ask(&chat(bytes).at(vm)).to().to_owned())
        .collect()
}

#[test]
fn what_one_has_sent_the_other_counts() {
    let mut proxy = pair(&fleet(&[A, B, C, D], ""));
    let seen = spread_at(&mut proxy, 0, 2, 40_000);
    proxy.pass(5);
    let other = spread_at(&mut proxy, 1, 2, 40_000);
    assert!(
        other.iter().all(|name| !seen.contains(name)),
        "{seen:?} {other:?}"
    );
}

#[test]
fn of_what_comes_at_once_the_others_see_all() {
    let mut proxy = pair(&fleet(&[A, B, C, D], ""));
    proxy.pass(100);
    let sent = proxy.burst(&chat(40_000).at(1), 4);
    assert_eq!(sent.len(), 4);
    proxy.pass(1);
    proxy.tick(0);
    assert_eq!(proxy.host.sum("penstock_picker_open_requests"), 4);
}

#[test]
fn a_vm_that_died_is_forgotten_when_its_lease_ends() {
    let mut proxy = pair(&fleet(&[A, B], ""));
    let sent: Vec<Sent> = (0..6).map(|_| proxy.ask(&chat(40_000).at(1))).collect();
    let to = sent[0].to().to_owned();
    drop(sent);
    proxy.pass(5);
    let open = |proxy: &mut Proxy| {
        proxy.tick(0);
        [A, B]
            .map(|name| {
                proxy
                    .host
                    .metric("penstock_picker_open_requests", ("backend", name))
            })
            .iter()
            .sum::<u64>()
    };
    assert_eq!(open(&mut proxy), 6, "{to}");
    proxy.pass(11_000);
    assert_eq!(open(&mut proxy), 0);
}

#[test]
fn who_is_out_for_one_is_out_for_all() {
    let mut proxy = pair(&fleet(&[A, B, C, D], ""));
    let mut failed = 0;
    while failed < 3 {
        let sent = proxy.ask(&chat(400));
        match sent.to() {
            A => {
                proxy.answers(sent, 502, &[]);
                failed += 1;
            }
            _ => proxy.served(sent, 50, 2),
        }
    }
    proxy.pass(5);
    assert!(!spread_at(&mut proxy, 1, 30, 400).contains(&A.to_owned()));
}

#[test]
fn a_new_configuration_beside_the_old_one_knows_what_is_open() {
    let mut proxy = pair(&fleet(&[A, B], ""));
    let load: Vec<Sent> = (0..8).map(|_| proxy.ask(&chat(40_000))).collect();
    proxy.pass(5);
    // C is new, and has nothing to do.
    let new = proxy.join(&fleet(
        &[C, B, A],
        r#", "candidates": 1, "tuning": {"slow_start_s": 0}"#,
    ));
    let first = proxy.ask(&chat(4000).at(new));
    assert_eq!(first.to(), C);
    for sent in load {
        proxy.served(sent, 10, 1);
    }
    proxy.served(first, 10, 1);
    meet(&mut proxy, 3);
    proxy.tick(0);
    assert_eq!(proxy.host.sum("penstock_picker_open_requests"), 0);
    assert!(
        proxy
            .host
            .shared
            .keys()
            .all(|key| key.starts_with("penstock/picker/"))
    );
}

#[test]
fn fleets_of_other_names_are_others() {
    let mut proxy = given(&fleet(&[A, B], r#", "fleet": "one""#));
    let other = proxy.join(&fleet(&[A, B], r#", "fleet": "two""#));
    meet(&mut proxy, 2);
    spread_at(&mut proxy, 0, 9, 40_000);
    proxy.pass(5);
    proxy.tick(0);
    proxy.tick(other);
    let shown: Vec<u64> = [A, B]
        .map(|name| {
            proxy
                .host
                .metric("penstock_picker_open_requests", ("backend", name))
        })
        .to_vec();
    assert_eq!(shown, [0, 0], "the last tick is that of the idle fleet");
}

const CANARY: &str = r#"{"backends": [{"address": "10.0.0.1:8000"}, {"address": "10.0.0.2:8000", "group": "new"}],
    "groups": [{"name": "old", "share": 1}, {"name": "new", "share": 1}],
    "rollback": {"group": "new", "to": "old", "min_requests": 20}}"#;

#[test]
fn a_worse_group_is_taken_out_in_every_worker() {
    let mut proxy = pair(CANARY);
    let mut turn = 0;
    for _ in 0..200 {
        let sent = proxy.ask(&chat(400));
        turn += 1;
        match sent.to() {
            B if turn % 5 == 0 => proxy.answers(sent, 500, &[]),
            _ => proxy.served(sent, 50, 2),
        }
    }
    proxy.tick(0);
    proxy.tick(1);
    assert_eq!(
        proxy
            .host
            .metric("penstock_picker_rollbacks_total", ("group", "new")),
        1
    );
    assert_eq!(proxy.host.log.len(), 1);
    for vm in [0, 1] {
        let seen = spread_at(&mut proxy, vm, 20, 400);
        assert!(seen.iter().all(|name| name == A), "{seen:?}");
    }
    // The next configuration begins anew.
    let next = proxy.join(&CANARY.replace("20}", "21}"));
    proxy.tick(next);
    assert!(spread_at(&mut proxy, next, 20, 400).iter().any(|name| name == B));
}

#[test]
fn an_equal_group_stays() {
    let mut proxy = given(CANARY);
    proxy.spread(&chat(400), 400);
    proxy.tick(0);
    assert_eq!(proxy.host.sum("penstock_picker_rollbacks_total"), 0);
}

#[test]
fn workers_that_begin_do_not_all_begin_with_one_backend() {
    let config = fleet(&[A, B, C, D], "");
    let mut firsts: Vec<String> = (0..16)
        .map(|worker| {
            let mut proxy = given(&config);
            proxy.pass(worker);
            proxy.ask(&chat(10)).to().to_owned()
        })
        .collect();
    firsts.sort_unstable();
    firsts.dedup();
    assert_eq!(firsts, [A, B, C, D]);
}

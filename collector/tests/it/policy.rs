//! What IT asks of agents reaches them.

use serde_json::json;
use weft_proto::v1::{FetchPolicyRequest, hint::Hint, policies_client::PoliciesClient};

use super::{house::House, laptop::Laptop};

#[tokio::test]
async fn a_new_policy_is_hinted_and_fetched() {
    let house = House::alone();
    let laptop = Laptop::new(&house).await;
    let mut policies = PoliciesClient::new(laptop.channel(&house).await);
    let mut fetch = async || {
        policies
            .fetch(FetchPolicyRequest { have_version: 0 })
            .await
            .unwrap()
            .into_inner()
    };
    let first = fetch().await;
    assert!(first.version > 0);
    let mut talk = laptop.open(&house, 1).await;
    let wanted = json!({"cadence": {"vitals": 30}, "disabled_probes": ["app"]});
    weft_collector::policy::want(
        &house.rooms.control,
        &wanted,
        "test",
        house.rooms.clock.now(),
    )
    .await
    .unwrap();
    assert_eq!(talk.hint().await, Hint::PolicyVersion(first.version + 1));
    let second = fetch().await;
    assert_eq!(second.version, first.version + 1);
    assert_eq!(
        (second.cadence.unwrap().vitals, second.disabled_probes),
        (30, vec!["app".to_owned()])
    );
}

//! What no honest agent sends: refused or kept as the protocol says, and the collector lives.

use std::collections::HashMap;

use bytes::{Buf as _, BufMut as _, Bytes};
use prost::Message as _;
use tokio_stream::StreamExt as _;
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
};
use weft_proto::v1::{
    AgentHealth, Observation, Process, Vitals, client_message, observation::Kind,
};

use super::{
    house::House,
    laptop::{Laptop, boot, hello, observed, report, said, with},
};

/// Sends bytes as they are; gives bytes as they come.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// Sends raw messages on a stream of their own and gives how it ended.
async fn raw(house: &House, laptop: &Laptop, messages: Vec<Vec<u8>>) -> Status {
    let mut grpc = Grpc::new(laptop.channel(house).await);
    grpc.ready().await.unwrap();
    let messages =
        tokio_stream::iter(messages.into_iter().map(Bytes::from)).chain(tokio_stream::pending());
    let path = PathAndQuery::from_static("/weft.v1.Ingest/Stream");
    let answer = grpc.streaming(Request::new(messages), path, Raw).await;
    let mut inbound = match answer {
        Ok(answer) => answer.into_inner(),
        Err(status) => return status,
    };
    loop {
        match inbound.message().await {
            Ok(Some(_)) => {}
            Ok(None) => return Status::ok("ended"),
            Err(status) => return status,
        }
    }
}

#[tokio::test]
async fn garbage_ends_its_stream_and_nothing_else() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    let greeting = said(client_message::Message::Hello(hello([7; 16], 5))).encode_to_vec();
    let garbage: Vec<Vec<Vec<u8>>> = vec![
        vec![vec![0xff; 64]],
        vec![vec![]],
        vec![greeting.clone(), vec![0xff; 1000]],
        vec![greeting.clone(), vec![0x12, 0xff, 0xff, 0xff, 0xff, 0x0f]],
        vec![greeting.clone(), greeting.clone()],
        vec![report(1, 2).encode_to_vec()],
        vec![said(client_message::Message::Report(report(1, 2))).encode_to_vec()],
    ];
    for messages in garbage {
        let end = raw(&house, &laptop, messages.clone()).await;
        assert_eq!(
            end.code(),
            Code::InvalidArgument,
            "{end:?} after {messages:?}"
        );
    }
    let mut talk = laptop.open(&house, 3).await;
    talk.send(report(1, 2)).await;
    talk.durable(2).await;
    assert_eq!(house.books(laptop.device).await.stored, 2);
}

#[tokio::test]
async fn fields_and_messages_of_the_future_are_tolerated() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    let greeting = said(client_message::Message::Hello(hello([7; 16], 3))).encode_to_vec();
    // Field 999 of the Report, of wire type 2.
    let mut report = report(1, 2).encode_to_vec();
    report.extend_from_slice(&[0xba, 0x3e, 0x03, b'n', b'e', b'w']);
    let mut message = vec![0x12];
    prost::encoding::encode_varint(report.len() as u64, &mut message);
    message.extend_from_slice(&report);
    let sent = raw(&house, &laptop, vec![greeting, message]);
    let stored = super::house::eventually("the report is stored", async || {
        (house.books(laptop.device).await.stored == 2).then_some(())
    });
    tokio::select! {
        end = sent => panic!("refused: {end:?}"),
        () = stored => {}
    }
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    let mut talk = laptop.open(&house, 1_000).await;
    let mut large = report(1, 900);
    for observation in &mut large.observations {
        let Some(Kind::Boot(boot)) = &mut observation.kind else {
            unreachable!()
        };
        // Random letters: zstd must not make it small, and it must not matter if it did.
        boot.initiator = (0..6_000)
            .map(|_| char::from(b'a' + rand::random_range(0..26)))
            .collect();
    }
    talk.send(large).await;
    let end = talk.end().await;
    assert_eq!(end.code(), Code::InvalidArgument, "{end:?}");
    let mut talk = laptop.open(&house, 1_002).await;
    talk.send(with(1, (1..=1_001).map(boot).collect())).await;
    let end = talk.end().await;
    assert_eq!(end.code(), Code::InvalidArgument);
    assert!(end.message().contains("limit is 1000"), "{end:?}");
    assert_eq!(house.books(laptop.device).await.settled(), 0);
}

#[tokio::test]
async fn what_cannot_be_kept_is_rejected_by_name_and_the_rest_is_stored() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    let mut talk = laptop.open(&house, 7).await;
    let too_large = observed(Kind::Process(Process {
        command_line: "x".repeat(70_000),
        ..Process::default()
    }));
    let poison = observed(Kind::Vitals(Vitals {
        uptime: f64::NAN,
        ..Vitals::default()
    }));
    let observations = vec![
        boot(1),
        Observation::default(),
        too_large,
        boot(4),
        poison,
        boot(6),
    ];
    talk.send(with(1, observations)).await;
    let ack = talk.ack().await;
    let rejected: Vec<_> = ack
        .rejections
        .iter()
        .map(|no| (no.seq, no.code.as_str()))
        .collect();
    assert_eq!(
        rejected,
        [(2, "no_kind"), (3, "too_large"), (5, "invalid_field")]
    );
    assert_eq!(ack.durable_seq, 6);
    let books = house.books(laptop.device).await;
    assert_eq!((books.stored, books.rejected, books.lost), (3, 3, 0));
    drop(talk);
    assert_eq!(laptop.open(&house, 7).await.welcome.durable_seq, 6);
}

#[tokio::test]
async fn unknown_enum_values_and_extreme_numbers_are_stored() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    let mut talk = laptop.open(&house, 4).await;
    let newer = observed(Kind::Process(Process {
        user_class: 77,
        place: i32::MIN,
        memory_usage: u64::MAX,
        cpu_time: f64::MAX,
        executable_name: "\u{0}\u{202e}🦀 \" ' \\ \n".to_owned(),
        ..Process::default()
    }));
    let mut strange_boot = boot(2);
    if let Some(Kind::Boot(boot)) = &mut strange_boot.kind {
        boot.end = 999;
    }
    let health = observed(Kind::AgentHealth(AgentHealth {
        dropped: HashMap::from([("process".to_owned(), 3)]),
        ..AgentHealth::default()
    }));
    talk.send(with(1, vec![newer, strange_boot, health])).await;
    let ack = talk.ack().await;
    assert!(ack.rejections.is_empty(), "{ack:?}");
    let books = house.books(laptop.device).await;
    assert_eq!((books.stored, books.dropped), (3, 3));
}

#[tokio::test]
async fn a_protocol_or_epoch_that_does_not_fit_is_refused() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    let mut newer = hello([7; 16], 1);
    (newer.protocol_min, newer.protocol_max) = (2, 9);
    let status = laptop
        .try_open(&house, newer, None)
        .await
        .err()
        .expect("refused");
    assert_eq!(status.code(), Code::FailedPrecondition);
    let mut short = hello([7; 16], 1);
    short.epoch = vec![1, 2, 3].into();
    let status = laptop
        .try_open(&house, short, None)
        .await
        .err()
        .expect("refused");
    assert_eq!(status.code(), Code::InvalidArgument);
    let mut talk = laptop.open(&house, 3).await;
    let mut other = report(1, 2);
    other.epoch = vec![9; 16].into();
    talk.send(other).await;
    assert_eq!(talk.end().await.code(), Code::InvalidArgument);
}

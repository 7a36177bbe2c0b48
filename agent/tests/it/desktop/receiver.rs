//! A desktop in a few lines: takes notices, clicks each that has an action, opens links. As much D-Bus as that needs
//! (little-endian, the header's fields, strings and numbers), after the D-Bus specification.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    sync::{Arc, Mutex},
};

const METHOD_CALL: u8 = 1;
const METHOD_RETURN: u8 = 2;
const SIGNAL: u8 = 4;

// Header fields.
const PATH: u8 = 1;
const INTERFACE: u8 = 2;
const MEMBER: u8 = 3;
const REPLY_SERIAL: u8 = 5;
const DESTINATION: u8 = 6;
const SENDER: u8 = 7;
const SIGNATURE: u8 = 8;

#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Summary and body.
    pub notices: Vec<(String, String)>,
    pub opened: Vec<String>,
}

pub struct Receiver(Arc<Mutex<Seen>>);

impl Receiver {
    /// Owns both names when it returns.
    pub fn start(socket: &Path) -> Self {
        let mut bus = Connection::open(socket);
        for name in [
            "org.freedesktop.Notifications",
            "org.freedesktop.portal.Desktop",
        ] {
            let mut body = Wire::default();
            body.string(name);
            body.number(0);
            bus.call_bus("RequestName", "su", &body.0);
            while bus.read().kind != METHOD_RETURN {}
        }
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        // Ends with the bus: its reads then fail.
        std::thread::spawn(move || {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                loop {
                    let message = bus.read();
                    if message.kind == METHOD_CALL {
                        answer(&mut bus, &message, &shared);
                    }
                }
            }))
            .ok();
        });
        Self(seen)
    }

    pub fn seen(&self) -> Seen {
        self.0.lock().unwrap().clone()
    }
}

fn answer(bus: &mut Connection, call: &Message, seen: &Mutex<Seen>) {
    let mut body = Reader {
        bytes: &call.body,
        at: 0,
    };
    match call.member.as_str() {
        "Notify" => {
            // susssasa{sv}i
            let _application = body.string();
            let _replaces = body.number();
            let _icon = body.string();
            let (summary, text) = (body.string(), body.string());
            let has_action = body.number() > 0;
            let number = {
                let mut seen = seen.lock().unwrap();
                seen.notices.push((summary, text));
                seen.notices.len() as u32
            };
            let mut reply = Wire::default();
            reply.number(number);
            bus.reply(call, "u", &reply.0);
            if has_action {
                let mut clicked = Wire::default();
                clicked.number(number);
                clicked.string("default");
                bus.signal("ActionInvoked", "us", &clicked.0);
            }
        }
        "OpenURI" => {
            let _window = body.string();
            seen.lock().unwrap().opened.push(body.string());
            let mut reply = Wire::default();
            reply.string("/org/freedesktop/portal/desktop/request/1");
            bus.reply(call, "o", &reply.0);
        }
        "Introspect" => {
            let mut reply = Wire::default();
            reply.string(
                "<node><interface name=\"org.freedesktop.Notifications\"><method name=\"Notify\">\
                 <arg type=\"s\" direction=\"in\"/><arg type=\"u\" direction=\"in\"/><arg type=\"s\" direction=\"in\"/>\
                 <arg type=\"s\" direction=\"in\"/><arg type=\"s\" direction=\"in\"/><arg type=\"as\" direction=\"in\"/>\
                 <arg type=\"a{sv}\" direction=\"in\"/><arg type=\"i\" direction=\"in\"/><arg type=\"u\" direction=\"out\"/>\
                 </method></interface><interface name=\"org.freedesktop.portal.OpenURI\"><method name=\"OpenURI\">\
                 <arg type=\"s\" direction=\"in\"/><arg type=\"s\" direction=\"in\"/><arg type=\"a{sv}\" direction=\"in\"/>\
                 <arg type=\"o\" direction=\"out\"/></method></interface></node>",
            );
            bus.reply(call, "s", &reply.0);
        }
        _ => bus.reply(call, "", &[]),
    }
}

struct Message {
    kind: u8,
    serial: u32,
    member: String,
    sender: String,
    body: Vec<u8>,
}

struct Connection {
    stream: BufReader<UnixStream>,
    serial: u32,
}

impl Connection {
    fn open(socket: &Path) -> Self {
        let mut stream = BufReader::new(UnixStream::connect(socket).unwrap());
        let uid = weft_agent_sys::account::uid().to_string();
        let identity: String = uid.bytes().map(|byte| format!("{byte:02x}")).collect();
        stream
            .get_mut()
            .write_all(format!("\0AUTH EXTERNAL {identity}\r\n").as_bytes())
            .unwrap();
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        assert!(line.starts_with("OK "), "{line}");
        stream.get_mut().write_all(b"BEGIN\r\n").unwrap();
        let mut bus = Self { stream, serial: 0 };
        bus.call_bus("Hello", "", &[]);
        while bus.read().kind != METHOD_RETURN {}
        bus
    }

    fn call_bus(&mut self, member: &str, signature: &str, body: &[u8]) {
        let mut fields = Wire::default();
        fields.field(PATH, 'o', "/org/freedesktop/DBus");
        fields.field(DESTINATION, 's', "org.freedesktop.DBus");
        fields.field(INTERFACE, 's', "org.freedesktop.DBus");
        fields.field(MEMBER, 's', member);
        self.write(METHOD_CALL, fields, signature, body);
    }

    fn reply(&mut self, call: &Message, signature: &str, body: &[u8]) {
        let mut fields = Wire::default();
        fields.field(DESTINATION, 's', &call.sender);
        fields.head(REPLY_SERIAL, 'u');
        fields.number(call.serial);
        self.write(METHOD_RETURN, fields, signature, body);
    }

    fn signal(&mut self, member: &str, signature: &str, body: &[u8]) {
        let mut fields = Wire::default();
        fields.field(PATH, 'o', "/org/freedesktop/Notifications");
        fields.field(INTERFACE, 's', "org.freedesktop.Notifications");
        fields.field(MEMBER, 's', member);
        self.write(SIGNAL, fields, signature, body);
    }

    fn write(&mut self, kind: u8, mut fields: Wire, signature: &str, body: &[u8]) {
        if !signature.is_empty() {
            fields.head(SIGNATURE, 'g');
            fields.0.push(signature.len() as u8);
            fields.0.extend(signature.as_bytes());
            fields.0.push(0);
        }
        self.serial += 1;
        let mut message = Wire(vec![b'l', kind, 0, 1]);
        message.number(body.len() as u32);
        message.number(self.serial);
        message.number(fields.0.len() as u32);
        message.0.extend(&fields.0);
        message.align(8);
        message.0.extend(body);
        self.stream.get_mut().write_all(&message.0).unwrap();
    }

    fn read(&mut self) -> Message {
        let mut head = [0; 16];
        self.stream.read_exact(&mut head).unwrap();
        let number = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap());
        let (body, serial, fields) = (number(4) as usize, number(8), number(12) as usize);
        let mut rest = vec![0; fields.next_multiple_of(8) + body];
        self.stream.read_exact(&mut rest).unwrap();
        let mut message = Message {
            kind: head[1],
            serial,
            member: String::new(),
            sender: String::new(),
            body: rest.split_off(fields.next_multiple_of(8)),
        };
        // The header's 16 bytes keep the alignment of what follows.
        let mut reader = Reader {
            bytes: &rest,
            at: 0,
        };
        while reader.at < fields {
            reader.align(8);
            let code = reader.byte();
            let _length = reader.byte();
            let kind = reader.byte();
            let _end = reader.byte();
            match (code, kind) {
                (MEMBER, b's') => message.member = reader.string(),
                (SENDER, b's') => message.sender = reader.string(),
                (_, b's' | b'o') => drop(reader.string()),
                (_, b'u') => drop(reader.number()),
                (_, b'g') => reader.at += 2 + usize::from(reader.bytes[reader.at]),
                other => panic!("field {other:?}"),
            }
        }
        message
    }
}

#[derive(Default)]
struct Wire(Vec<u8>);

impl Wire {
    fn align(&mut self, to: usize) {
        self.0.resize(self.0.len().next_multiple_of(to), 0);
    }

    fn number(&mut self, number: u32) {
        self.align(4);
        self.0.extend(number.to_le_bytes());
    }

    fn string(&mut self, text: &str) {
        self.number(text.len() as u32);
        self.0.extend(text.as_bytes());
        self.0.push(0);
    }

    fn head(&mut self, code: u8, kind: char) {
        self.align(8);
        self.0.extend([code, 1, kind as u8, 0]);
    }

    fn field(&mut self, code: u8, kind: char, text: &str) {
        self.head(code, kind);
        self.string(text);
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn align(&mut self, to: usize) {
        self.at = self.at.next_multiple_of(to);
    }

    fn byte(&mut self) -> u8 {
        self.at += 1;
        self.bytes[self.at - 1]
    }

    fn number(&mut self) -> u32 {
        self.align(4);
        self.at += 4;
        u32::from_le_bytes(self.bytes[self.at - 4..self.at].try_into().unwrap())
    }

    fn string(&mut self) -> String {
        let length = self.number() as usize;
        let text = String::from_utf8(self.bytes[self.at..self.at + length].to_vec()).unwrap();
        self.at += length + 1;
        text
    }
}

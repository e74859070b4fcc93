//! socketioxide with the behaviour of examples/conformance -mode bench.
//! bench-socketioxide <port> <secret>

use std::{env, error::Error, sync::LazyLock};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use socketioxide::{
    SocketIo,
    extract::{AckSender, Data, SocketRef},
    handler::ConnectHandler,
};

static KEY: LazyLock<DecodingKey> = LazyLock::new(|| DecodingKey::from_secret(argument(2).as_bytes()));
static CHECKS: LazyLock<Validation> = LazyLock::new(|| Validation::new(Algorithm::HS256));

fn argument(n: usize) -> String {
    env::args().nth(n).expect("usage: bench-socketioxide <port> <secret>")
}

#[derive(Deserialize)]
struct Auth {
    token: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

#[derive(Clone)]
struct User(String);

async fn authenticate(s: SocketRef, Data(auth): Data<Auth>) -> Result<(), jsonwebtoken::errors::Error> {
    let token = decode::<Claims>(&auth.token, &KEY, &CHECKS)?;
    s.extensions.insert(User(token.claims.sub));
    Ok(())
}

#[derive(Deserialize, Serialize)]
struct Message {
    to: String,
    content: String,
}

#[derive(Serialize)]
struct Delivered {
    ok: bool,
}

async fn connected(s: SocketRef, io: SocketIo) {
    let User(user) = s.extensions.get().expect("the middleware set it");
    s.join(format!("user:{user}"));
    s.join("bench");

    let all = io.clone();
    s.on("bench.broadcast", async move |Data::<Value>(m)| {
        all.to("bench").emit("booking.updated", &m).await.ok();
    });
    s.on("bench.echo", async |Data::<Value>(m), ack: AckSender| {
        ack.send(&m).ok();
    });
    s.on("message.new", async move |Data::<Message>(m), ack: AckSender| {
        io.to(format!("user:{}", m.to)).emit("message.new", &m).await.ok();
        ack.send(&Delivered { ok: true }).ok();
    });
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", connected.with(authenticate));
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", argument(1))).await?;
    axum::serve(listener, axum::Router::new().layer(layer)).await?;
    Ok(())
}

//! How long, how wide and how fine a recording may be: each a setting.

use crate::form::Form;
use crate::house::House;
use std::path::Path;
use std::time::Duration;

/// Silence of so many seconds, channels and samples a second, with eight bits.
fn silence(seconds: usize, channels: u16, rate: u32) -> Vec<u8> {
    let bytes = seconds * usize::from(channels) * rate as usize;
    let mut file = b"RIFF".to_vec();
    file.extend(u32::try_from(36 + bytes).unwrap().to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0");
    file.extend(channels.to_le_bytes());
    file.extend(rate.to_le_bytes());
    file.extend((rate * u32::from(channels)).to_le_bytes());
    file.extend(channels.to_le_bytes());
    file.extend(b"\x08\0data");
    file.extend(u32::try_from(bytes).unwrap().to_le_bytes());
    file.resize(file.len() + bytes, 0x80);
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bound_is_a_setting() {
    let temporary = store::testing::sqlite().await;
    let house = House::with(temporary.db(), Path::new("/nonexistent"), |config| {
        config.max_duration = Duration::from_secs(3);
        config.max_channels = 2;
        config.max_rate = 48_000;
    })
    .await;
    let send = async |file: Vec<u8>| house.upload(Form::new().file("a.wav", &file).bytes()).await;
    send(silence(3, 2, 48_000)).await.is(201);
    for (file, code) in [
        (silence(4, 1, 8_000), "audio_too_long"),
        (silence(1, 3, 8_000), "too_many_channels"),
        (silence(1, 1, 64_000), "sample_rate"),
        (silence(1, 1, 4_000), "sample_rate"),
    ] {
        assert_eq!(send(file).await.refusal(), (422, code.to_owned(), "file".to_owned()));
    }
    assert_eq!(house.files().len(), 1);
    temporary.end().await;
}

import LockkeeperCore
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00.000Z", Int64(0)), ("2026-11-23T20:50:13.125Z", 1_795_467_013_125),
        ("2000-02-29T23:59:59.999Z", 951_868_799_999), ("1969-12-31T23:59:59.000Z", -1000),
        ("2100-03-01T00:00:00.000Z", 4_107_542_400_000),
    ])
    func `RFC 3339 is written and read`(text: String, milliseconds: Int64) {
        let time = Timestamp(microseconds: milliseconds * 1000)
        #expect(time.rfc3339 == text)
        #expect(Timestamp(rfc3339: text) == time)
    }

    @Test func `Offsets are applied`() {
        #expect(Timestamp(rfc3339: "2026-11-23T22:50:13+02:00") == Timestamp(rfc3339: "2026-11-23T20:50:13Z"))
        #expect(Timestamp(rfc3339: "2026-11-23T15:20:13-05:30") == Timestamp(rfc3339: "2026-11-23T20:50:13Z"))
    }

    @Test(arguments: [
        "", "2026-11-23", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T00:00:00",
        "2026-11-23T00:00:00Zx",
    ])
    func `What is not a time is refused`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test(arguments: [
        (Duration.milliseconds(450), "450ms"), (.seconds(12), "12s"), (.seconds(125), "2m 5s"), (.seconds(600), "10m"),
        (.seconds(3780), "1h 3m"), (.seconds(187_200), "2d 4h"), (.seconds(-3), "0s"),
    ])
    func `Durations read well`(duration: Duration, text: String) {
        #expect(duration.readable == text)
    }
}

import LockkeeperNotify
import Testing

@Suite("The wait between attempts")
struct BackoffTests {
    let retries = CourierPolicy().retries

    @Test(arguments: [(1, 2.0), (2, 4), (3, 8), (5, 32), (9, 512), (10, 900), (11, 900), (100_000, 900)])
    func `it doubles from two seconds to a quarter of an hour, spread over the upper half`(failures: Int, whole: Double)
    {
        #expect(retries.delay(after: failures, jitter: 1) == .seconds(whole))
        #expect(retries.delay(after: failures, jitter: 0) == .seconds(whole / 2))
        #expect(retries.delay(after: failures, jitter: 0.5) == .seconds(whole * 0.75))
    }

    @Test func `no jitter and no number of failures leads outside of it`() {
        #expect(retries.delay(after: 0, jitter: -3) == .seconds(1))
        #expect(retries.delay(after: 1000, jitter: 7) == .seconds(900))
    }
}

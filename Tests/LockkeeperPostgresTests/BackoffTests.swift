import LockkeeperPostgres
import Testing

@Suite("Backoff")
struct BackoffTests {
    @Test("doubles up to its cap and begins anew after a success")
    func doubles() {
        var backoff = Backoff(initial: .milliseconds(250), cap: .seconds(3))
        let longest = (1...6).map { _ in backoff.fail(random: 1) }
        #expect(
            longest == [.milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2), .seconds(3), .seconds(3)])
        backoff.succeed()
        #expect(backoff.fail(random: 1) == .milliseconds(250))
    }

    @Test("lies between half and all of the delay, by chance, however many failures there were")
    func spread() {
        var generator = SystemRandomNumberGenerator()
        var backoff = Backoff(initial: .milliseconds(100), cap: .seconds(10))
        for _ in 0..<200 {
            var widest = backoff
            let delay = backoff.fail(random: .random(in: 0..<1, using: &generator))
            let longest = widest.fail(random: 1)
            #expect(delay >= longest / 2 && delay <= longest && longest <= .seconds(10))
        }
        #expect(backoff.failures == 200)
    }
}

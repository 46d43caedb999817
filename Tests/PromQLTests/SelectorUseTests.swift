import PromQL
import Testing

@Suite struct SelectorUseTests {
    private static let minute: Int64 = 60_000

    @Test(
        "An expression says which metrics it looks back on, and how far",
        arguments: [
            ("up", ["up": 0]), ("up > 1 and sum(down)", ["up": 0, "down": 0]), ("rate(a[5m])", ["a": 5]),
            ("rate(a[5m] offset 10m)", ["a": 15]), ("a offset 10m", ["a": 15]), ("a offset -10m", ["a": 0]),
            ("max_over_time(rate(a[5m])[1h:1m])", ["a": 65]), ("max_over_time(a[1h:1m] offset 10m)", ["a": 75]),
            ("{__name__=\"b\", c=\"d\"}", ["b": 0]),
            ("topk(scalar(k), quantile(0.5, q)) / -w", ["k": 0, "q": 0, "w": 0]),
        ] as [(String, [String: Int64])])
    func lookback(text: String, minutes: [String: Int64]) throws {
        let expression = try Expression(parsing: text)
        let found = Dictionary(expression.selectors.map { ($0.metricName ?? "?", $0.lookback / Self.minute) }) {
            max($0, $1)
        }
        #expect(found == minutes)
        #expect(expression.metricNames == Set(minutes.keys))
        #expect(expression.longestLookback == (minutes.values.max() ?? 0) * Self.minute)
    }

    @Test("A selector without one name, or of a fixed time, says so")
    func unnamed() throws {
        let expression = try Expression(parsing: "{__name__=~\"a|b\"} or c @ 5")
        #expect(expression.selectors.map(\.metricName) == [nil, "c"])
        #expect(expression.selectors.map(\.hasFixedTime) == [false, true])
    }
}

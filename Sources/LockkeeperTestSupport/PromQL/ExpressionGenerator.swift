/// Makes up expressions over the series of `GeneratedWorld`, of every operator, aggregation and function.
///
/// Prometheus adds up the series of a vector in no fixed order, so the last bits of a sum are not determined. What
/// would turn them into a visible difference (comparisons, rounding, remainders) is therefore only applied to
/// exact values: those of selectors, counts, extremes.
public struct ExpressionGenerator {
    public var random: SeededGenerator

    public init(random: SeededGenerator) {
        self.random = random
    }

    public mutating func expression() -> String {
        switch Int.random(in: 0..<20, using: &random) {
        case 0: "vector(\(scalar()))"
        case 1: scalar()
        case 2...9: exact(2)
        default: vector(3)
        }
    }

    // MARK: Scalars

    private mutating func number() -> String {
        random.pick(["0", "1", "2", "-1", "0.5", "3.25", "10", "1e3", "-7", "0x10", "Inf", "-Inf", "NaN", "100", "5"])
    }

    private mutating func scalar() -> String {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: "time()"
        case 1: "scalar(\(exact(1)))"
        case 2: "(\(number()) \(random.pick(["+", "-", "*", "/", "%", "^", "atan2"])) \(number()))"
        case 3: "(\(number()) \(comparison()) bool \(number()))"
        case 4: "-\(number()) ^ 2"
        case 5: "pi()"
        default: number()
        }
    }

    private mutating func comparison() -> String { random.pick(["==", "!=", "<", "<=", ">", ">="]) }

    // MARK: Selectors

    private mutating func selector(_ names: [String] = ["m", "m", "n", "w", "c_total", "c_total", "gap"]) -> String {
        let name = random.pick(names)
        var matchers: [String] = []
        if random.chance(25) {
            matchers.append(
                random.pick([
                    "a=\"x\"", "a!=\"x\"", "a=~\"x|y\"", "a!~\"(?i)[XY]\"", "a=~\"[^x]\"", "a=\"\"", "a=~\".*\"",
                ]))
        }
        if random.chance(15) {
            matchers.append(random.pick(["b=\"1\"", "b=~\"\\\\d\"", "b!=\"2\"", "b!~\"\"", "nope=\"\""]))
        }
        if name == "m", random.chance(5) {
            return "{__name__=~\"m|n\"\(matchers.map { "," + $0 }.joined())}"
        }
        return name + (matchers.isEmpty ? "" : "{" + matchers.joined(separator: ",") + "}")
    }

    private mutating func modifiers() -> String {
        var text = ""
        if random.chance(15) { text += " offset " + random.pick(["1m", "30s", "-1m", "2m30s", "7m"]) }
        if random.chance(8) { text += " @ " + random.pick(["300", "90.5", "start()", "end()", "0", "10000"]) }
        return text
    }

    private mutating func range(_ names: [String] = ["m", "w", "c_total", "c_total", "c_total", "gap", "n"]) -> String {
        let length = random.pick(["1m", "2m", "5m", "10m", "90s", "15s", "1h", "3m20s"])
        if random.chance(15) {
            let step = random.pick(["", "1m", "30s", "45s", "7s"])
            let inner =
                random.chance(60)
                ? selector(names) : random.pick(["(m > 100)", "rate(c_total[2m])", "sum by (a) (c_total)", "-m"])
            return "\(inner)[\(length):\(step)]" + modifiers()
        }
        return "\(selector(names))[\(length)]" + modifiers()
    }

    // MARK: Vectors

    /// Exact values, so that anything may be done with them.
    private mutating func exact(_ depth: Int) -> String {
        guard depth > 0 else { return selector() + modifiers() }
        let inner = { (generator: inout ExpressionGenerator) in generator.exact(depth - 1) }
        switch Int.random(in: 0..<22, using: &random) {
        case 0...4: return selector() + modifiers()
        case 5: return "\(random.pick(["min", "max", "count", "group"]))\(grouping())(\(inner(&self)))"
        case 6: return "\(random.pick(["topk", "bottomk"]))\(grouping())(\(random.pick(["1", "2", "0", "100"])), m)"
        case 7: return "\(random.pick(["abs", "ceil", "floor", "sgn", "sort", "sort_desc", "round"]))(\(inner(&self)))"
        case 8: return "round(\(inner(&self)), \(random.pick(["5", "0.5", "0.1", "-1", "0"])))"
        case 9: return "clamp(\(inner(&self)), \(number()), \(number()))"
        case 10: return "\(random.pick(["clamp_min", "clamp_max"]))(\(inner(&self)), \(number()))"
        case 11:
            let function = random.pick([
                "max_over_time", "min_over_time", "count_over_time", "last_over_time", "present_over_time", "changes",
                "resets",
                "idelta", "absent_over_time",
            ])
            return "\(function)(\(range()))"
        case 12: return "absent(\(random.chance(50) ? "nothing{a=\"1\",b!=\"2\",a=\"3\",c=\"4\"}" : inner(&self)))"
        case 13: return "(\(inner(&self)) \(comparison()) \(random.chance(50) ? "bool " : "")\(number()))"
        case 14: return "(\(number()) \(comparison()) \(random.chance(50) ? "bool " : "")\(inner(&self)))"
        case 15:
            return "(\(inner(&self)) \(comparison()) \(random.chance(30) ? "bool " : "")\(matching())\(inner(&self)))"
        case 16: return "(\(inner(&self)) \(random.pick(["and", "or", "unless"])) \(setMatching())\(inner(&self)))"
        case 17: return "label_replace(\(inner(&self)), \(replacement()))"
        case 18:
            return
                "label_join(\(inner(&self)), \(random.pick(["\"d\", \"-\", \"a\", \"b\"", "\"a\", \"\"", "\"d\", \",\", \"nope\", \"a\"", "\"0\", \"\""])))"
        case 19:
            // Prometheus 2.42 forgets the offset of a selector that has both an offset and `@`, in this function only.
            let argument = random.pick([
                "(\(selector()))", "\(selector()) offset 1m", "\(selector()) @ 300", "sgn(\(inner(&self)))",
            ])
            return "timestamp(\(argument))"
        case 20: return "(\(inner(&self)) % \(number()))"
        default: return "count_values\(grouping())(\"v\", \(inner(&self)))"
        }
    }

    private mutating func vector(_ depth: Int) -> String {
        guard depth > 0 else { return exact(1) }
        switch Int.random(in: 0..<24, using: &random) {
        case 0...2: return "\(random.pick(["rate", "increase", "delta", "irate"]))(\(range()))"
        case 3, 4:
            return
                "\(random.pick(["avg_over_time", "sum_over_time", "stddev_over_time", "stdvar_over_time", "deriv"]))(\(range()))"
        case 5: return "quantile_over_time(\(random.pick(["0.5", "0.9", "0", "1", "-1", "2", "NaN"])), \(range()))"
        case 6: return "predict_linear(\(range()), \(random.pick(["60", "-60", "0"])))"
        case 7: return "\(random.pick(["sum", "avg"]))\(grouping())(\(vector(depth - 1)))"
        case 8: return "\(random.pick(["stddev", "stdvar"]))\(grouping())(\(exact(1)))"
        case 9: return "quantile\(grouping())(\(random.pick(["0.5", "0.25", "1", "0", "-0.1", "1.1"])), \(exact(1)))"
        case 10:
            return "histogram_quantile(\(random.pick(["0.5", "0.9", "0.99", "0", "1", "NaN", "-1"])), \(histogram()))"
        case 11: return "(\(vector(depth - 1)) \(random.pick(["+", "-", "*"])) \(matching())\(vector(depth - 1)))"
        case 12: return "(\(vector(depth - 1)) / \(matching())\(exact(1)))"
        case 13: return "(\(exact(1)) \(random.pick(["%", "^", "atan2"])) \(matching())\(exact(1)))"
        case 14: return "(\(vector(depth - 1)) \(random.pick(["+", "-", "*", "/"])) \(scalar()))"
        case 15: return "(\(scalar()) \(random.pick(["+", "-", "*"])) \(vector(depth - 1)))"
        case 16: return "-\(vector(depth - 1))"
        case 17:
            return "(\(vector(depth - 1)) \(random.pick(["and", "or", "unless"])) \(setMatching())\(vector(depth - 1)))"
        case 18:
            return
                "\(random.pick(["sqrt", "exp", "ln", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "deg", "rad"]))(\(exact(1)))"
        case 19:
            let field = random.pick([
                "minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year",
            ])
            return random.chance(20) ? "\(field)()" : "\(field)(\(selector(["m", "t", "t"])))"
        case 20: return "(\(exact(1)) + \(random.pick(["-1 ^ 2", "2 ^ 3 ^ 0", "- - 2", "3 % 2 * 4"])))"
        default: return exact(2)
        }
    }

    private mutating func histogram() -> String {
        random.pick([
            "h_bucket", "rate(h_bucket[5m])", "sum by (le) (h_bucket)", "h_bucket{le!=\"+Inf\"}", "m",
            "sum by (le, a) (increase(h_bucket[3m]))",
        ])
    }

    private mutating func grouping() -> String {
        random.pick([
            "", "", " by (a)", " by (a, b)", " without (b)", " without (a, b)", " by ()", " without ()", " by (nope)",
            " by (__name__)",
        ])
    }

    private mutating func matching() -> String {
        random.pick([
            "", "", "", "on(a, b) ", "on(a) ", "ignoring(b) ", "ignoring(a, b) ", "on() ", "on(a) group_left ",
            "on(a) group_right ",
            "ignoring(b) group_left(k) ", "on(a) group_left(k) ", "on(a) group_right(k) ",
            "ignoring(a, b, k) group_left ",
        ])
    }

    private mutating func setMatching() -> String {
        random.pick(["", "", "on(a) ", "ignoring(b) ", "on() ", "ignoring(a, b) "])
    }

    private mutating func replacement() -> String {
        random.pick([
            "\"d\", \"<$1>\", \"a\", \"(.*)\"", "\"a\", \"$1\", \"b\", \"([0-9]+)\"", "\"a\", \"\", \"a\", \".*\"",
            "\"d\", \"${n}$$\", \"a\", \"(?P<n>x|y)\"",
            "\"a\", \"same\", \"\", \"\"", "\"0bad\", \"x\", \"a\", \".*\"", "\"d\", \"$2-$1\", \"a\", \"(.)(.?)\"",
            "\"d\", \"x\", \"a\", \"(\"", "\"__name__\", \"renamed\", \"a\", \"x\"",
        ])
    }
}

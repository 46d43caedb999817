import PromQL

/// A call of one of the functions of templates.
struct TemplateCall<Series: SeriesSource> {
    private let function: TemplateFunction
    private let arguments: [TemplateValue]
    private let filler: TemplateFiller<Series>
    private let failure: (String) -> TemplateError

    init(
        _ function: TemplateFunction, _ arguments: [TemplateValue], filler: TemplateFiller<Series>,
        failure: @escaping (String) -> TemplateError
    ) {
        self.function = function
        self.arguments = arguments
        self.filler = filler
        self.failure = { failure("error calling \(function.rawValue): \($0)") }
    }

    func result() throws(TemplateError) -> TemplateValue {
        guard function.arity.contains(arguments.count) else {
            throw failure("wrong number of args: want \(function.arity.lowerBound) got \(arguments.count)")
        }
        switch function {
        case .and, .or: return arguments.last ?? .none
        case .not: return .bool(!arguments[0].isTrue)
        case .eq, .ne, .lt, .le, .gt, .ge: return .bool(try compared())
        case .len: return .integer(try length())
        case .index: return try indexed()
        case .slice: return .string(try slice())
        case .print: return .string(GoFormat.print(arguments))
        case .println: return .string(GoFormat.printLine(arguments))
        case .printf: return .string(GoFormat.format(try text(0), Array(arguments.dropFirst())))
        case .html: return .string(TextEscape.html(GoFormat.print(arguments)))
        case .urlquery: return .string(TextEscape.query(GoFormat.print(arguments)))
        case .query: return .samples(try query())
        case .first:
            guard let first = try samples(0).first else { throw failure("first() called on vector with no elements") }
            return .sample(first)
        case .value: return .float(try sample(0).value)
        case .label: return .string(try sample(1).labels[try text(0)] ?? "")
        case .strvalue: return .string(try sample(0).labels["__value__"] ?? "")
        case .sortByLabel:
            let name = try text(0)
            return .samples(try samples(1).sorted { ($0.labels[name] ?? "") < ($1.labels[name] ?? "") })
        case .humanize: return .string(Humanize.decimal(try number(0)))
        case .humanize1024: return .string(Humanize.binary(try number(0)))
        case .humanizeDuration: return .string(Humanize.duration(try number(0)))
        case .humanizePercentage: return .string(Humanize.percentage(try number(0)))
        case .humanizeTimestamp:
            let seconds = try number(0)
            guard let text = Humanize.timestamp(seconds) else {
                throw failure("\(FloatText.shortest(seconds)) cannot be represented as a nanoseconds timestamp")
            }
            return .string(text)
        case .title: return .string(TextEscape.title(try text(0)))
        case .toUpper: return .string(try text(0).uppercased())
        case .toLower: return .string(try text(0).lowercased())
        case .match: return .bool(try regex(0).matches(try text(1)))
        case .reReplaceAll: return .string(try regex(0).replacingAll(in: try text(2), with: try text(1)))
        case .safeHtml: return .string(try text(0))
        case .parseDuration:
            do {
                return .float(Double(try DurationText.milliseconds(try text(0))) / 1000)
            } catch let error as DurationError {
                throw failure(error.message)
            } catch let error as TemplateError {
                throw error
            } catch {
                throw failure("\(error)")
            }
        case .stripPort: return .string(TextEscape.withoutPort(try text(0)))
        case .stripDomain: return .string(TextEscape.withoutDomain(try text(0)))
        case .externalURL: return .string(filler.context.externalURL)
        case .pathPrefix: return .string(TextEscape.path(of: filler.context.externalURL))
        case .graphLink: return .string("/graph?g0.expr=" + TextEscape.query(try text(0)) + "&g0.tab=0")
        case .tableLink: return .string("/graph?g0.expr=" + TextEscape.query(try text(0)) + "&g0.tab=1")
        }
    }

    private func query() throws(TemplateError) -> [VectorSample] {
        let text = try text(0)
        do {
            let value = try Expression(parsing: text).evaluate(
                at: filler.time, over: filler.series, options: filler.context.options)
            guard let samples = value.asVector else { throw failure("query must give a vector or a scalar: \(text)") }
            return samples
        } catch let error as TemplateError {
            throw error
        } catch {
            throw failure("\(error) in query \(text)")
        }
    }

    /// Go compares only what is of one kind: a float never equals an integer.
    private func compared() throws(TemplateError) -> Bool {
        let first = arguments[0]
        if function == .eq {
            for other in arguments.dropFirst() where try order(first, other, needsOrder: false) == 0 { return true }
            return false
        }
        let order = try order(first, arguments[1], needsOrder: function != .ne)
        switch function {
        case .ne: return order != 0
        case .lt: return order == -1
        case .le: return order == -1 || order == 0
        case .gt: return order == 1
        default: return order == 1 || order == 0
        }
    }

    /// - Returns: -1, 0, 1, or 2 for what is merely different.
    private func order(
        _ left: TemplateValue, _ right: TemplateValue, needsOrder: Bool
    ) throws(TemplateError) -> Int {
        func compare<Element: Comparable>(_ left: Element, _ right: Element) -> Int {
            left < right ? -1 : left == right ? 0 : left > right ? 1 : 2
        }
        switch (left, right) {
        case (.integer(let left), .integer(let right)): return compare(left, right)
        case (.float(let left), .float(let right)): return compare(left, right)
        case (.string(let left), .string(let right)): return compare(left, right)
        case (.bool(let left), .bool(let right)) where !needsOrder: return left == right ? 0 : 2
        case (.none, .none) where !needsOrder: return 0
        case (.integer, .float), (.float, .integer):
            throw failure("incompatible types for comparison: write the whole number as 1.0 to compare it with $value")
        default: throw failure("incompatible types for comparison: \(left.typeName) and \(right.typeName)")
        }
    }

    private func length() throws(TemplateError) -> Int {
        switch arguments[0] {
        case .string(let text): text.utf8.count
        case .labels(let labels): labels.count
        case .samples(let samples): samples.count
        default: throw failure("len of type \(arguments[0].typeName)")
        }
    }

    private func indexed() throws(TemplateError) -> TemplateValue {
        var value = arguments[0]
        for key in arguments.dropFirst() {
            switch (value, key) {
            case (.labels(let labels), .string(let name)): value = .string(labels[name] ?? "")
            case (.samples(let samples), .integer(let place)):
                guard samples.indices.contains(place) else { throw failure("index out of range: \(place)") }
                value = .sample(samples[place])
            case (.string(let text), .integer(let place)):
                let bytes = Array(text.utf8)
                guard bytes.indices.contains(place) else { throw failure("index out of range: \(place)") }
                value = .integer(Int(bytes[place]))
            default: throw failure("can't index item of type \(value.typeName)")
            }
        }
        return value
    }

    private func slice() throws(TemplateError) -> String {
        let bytes = Array(try text(0).utf8)
        var bounds = [0, bytes.count]
        for (place, argument) in arguments.dropFirst().enumerated() {
            guard case .integer(let value) = argument else {
                throw failure("cannot index slice with type \(argument.typeName)")
            }
            bounds[place] = value
        }
        guard bounds[0] >= 0, bounds[0] <= bounds[1], bounds[1] <= bytes.count else {
            throw failure("index out of range")
        }
        return String(decoding: bytes[bounds[0]..<bounds[1]], as: UTF8.self)
    }

    private func text(_ place: Int) throws(TemplateError) -> String {
        guard case .string(let text) = arguments[place] else {
            throw failure("wrong type for value; expected string; got \(arguments[place].typeName)")
        }
        return text
    }

    private func number(_ place: Int) throws(TemplateError) -> Double {
        switch arguments[place] {
        case .float(let value): return value
        case .integer(let value): return Double(value)
        case .string(let text):
            guard let value = Double(text) else { throw failure("\"\(text)\" is no number") }
            return value
        default: throw failure("can't convert \(arguments[place].typeName) to float")
        }
    }

    private func samples(_ place: Int) throws(TemplateError) -> [VectorSample] {
        guard case .samples(let samples) = arguments[place] else {
            throw failure("expected the result of a query; got \(arguments[place].typeName)")
        }
        return samples
    }

    private func sample(_ place: Int) throws(TemplateError) -> VectorSample {
        guard case .sample(let sample) = arguments[place] else {
            throw failure("expected a sample of a query; got \(arguments[place].typeName)")
        }
        return sample
    }

    private func regex(_ place: Int) throws(TemplateError) -> LinearRegex {
        let pattern = try text(place)
        do {
            return try LinearRegex(pattern)
        } catch {
            throw failure("\(error)")
        }
    }
}

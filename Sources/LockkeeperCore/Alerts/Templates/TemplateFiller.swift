import PromQL

/// Fills in a template for one alert.
struct TemplateFiller<Series: SeriesSource> {
    let labels: Labels
    let value: Double
    let context: RuleContext
    let series: Series
    /// Milliseconds since the epoch.
    let time: Int64

    init(labels: Labels, value: Double, context: RuleContext, series: Series, time: Int64) {
        self.labels = labels
        self.value = value
        self.context = context
        self.series = series
        self.time = time
    }

    /// The text of a template.
    func fill(_ template: AlertTemplate) throws(TemplateError) -> String {
        var run = TemplateRun(filler: self, source: template.source)
        return try run.text(of: template.nodes)
    }
}

/// One walk over a template's nodes.
struct TemplateRun<Series: SeriesSource> {
    private enum Flow {
        case on, breakLoop, continueLoop
    }

    let filler: TemplateFiller<Series>
    let source: String
    private var output = ""
    private var variables: [(name: String, value: TemplateValue)]

    init(filler: TemplateFiller<Series>, source: String) {
        self.filler = filler
        self.source = source
        variables = [
            ("", .root), ("labels", .labels(filler.labels)),
            ("externalLabels", .labels(filler.context.externalLabels)),
            ("externalURL", .string(filler.context.externalURL)), ("value", .float(filler.value)),
        ]
    }

    mutating func text(of nodes: [TemplateNode]) throws(TemplateError) -> String {
        _ = try walk(nodes, .root)
        return output
    }

    private mutating func walk(_ nodes: [TemplateNode], _ dot: TemplateValue) throws(TemplateError) -> Flow {
        let scope = variables.count
        defer { variables.removeLast(variables.count - scope) }
        for node in nodes {
            switch node {
            case .text(let text): output += text
            case .output(let pipeline):
                let value = try evaluate(pipeline, dot)
                // A declaration prints nothing.
                if pipeline.variables.isEmpty { output += value.text }
            case .conditional(let pipeline, let then, let otherwise):
                let flow = try branch(pipeline, then, otherwise, dot, changesDot: false)
                if flow != .on { return flow }
            case .with(let pipeline, let then, let otherwise):
                let flow = try branch(pipeline, then, otherwise, dot, changesDot: true)
                if flow != .on { return flow }
            case .range(let pipeline, let each, let otherwise):
                let flow = try loop(pipeline, each, otherwise, dot)
                if flow != .on { return flow }
            case .breakLoop: return .breakLoop
            case .continueLoop: return .continueLoop
            }
        }
        return .on
    }

    private mutating func branch(
        _ pipeline: TemplatePipeline, _ then: [TemplateNode], _ otherwise: [TemplateNode], _ dot: TemplateValue,
        changesDot: Bool
    ) throws(TemplateError) -> Flow {
        let scope = variables.count
        defer { variables.removeLast(variables.count - scope) }
        let value = try evaluate(pipeline, dot)
        if value.isTrue { return try walk(then, changesDot ? value : dot) }
        return try walk(otherwise, dot)
    }

    private mutating func loop(
        _ pipeline: TemplatePipeline, _ each: [TemplateNode], _ otherwise: [TemplateNode], _ dot: TemplateValue
    ) throws(TemplateError) -> Flow {
        let scope = variables.count
        defer { variables.removeLast(variables.count - scope) }
        var plain = pipeline
        plain.variables = []
        let value = try evaluate(plain, dot)
        let items: [(key: TemplateValue, element: TemplateValue)]
        switch value {
        case .samples(let samples):
            items = samples.enumerated().map { (.integer($0.offset), .sample($0.element)) }
        case .labels(let labels): items = labels.map { (.string($0.name), .string($0.value)) }
        case .none: items = []
        default: throw error("range can't iterate over \(value.text)", at: pipeline.offset)
        }
        if items.isEmpty { return try walk(otherwise, dot) }
        for item in items {
            switch pipeline.variables.count {
            case 2:
                bind(pipeline.variables[0], item.key, pipeline.isAssignment)
                bind(pipeline.variables[1], item.element, pipeline.isAssignment)
            case 1: bind(pipeline.variables[0], item.element, pipeline.isAssignment)
            default: break
            }
            let flow = try walk(each, item.element)
            if !pipeline.isAssignment { variables.removeLast(variables.count - scope) }
            if flow == .breakLoop { break }
        }
        return .on
    }

    private mutating func bind(_ name: String, _ value: TemplateValue, _ isAssignment: Bool) {
        if isAssignment, let place = variables.lastIndex(where: { $0.name == name }) {
            variables[place].value = value
        } else {
            variables.append((name, value))
        }
    }

    // MARK: Pipelines

    private mutating func evaluate(
        _ pipeline: TemplatePipeline, _ dot: TemplateValue
    ) throws(TemplateError) -> TemplateValue {
        var value: TemplateValue?
        for command in pipeline.commands { value = try run(command, dot, final: value) }
        let result = value ?? .none
        for name in pipeline.variables { bind(name, result, pipeline.isAssignment) }
        return result
    }

    private mutating func run(
        _ command: TemplateCommand, _ dot: TemplateValue, final: TemplateValue?
    ) throws(TemplateError) -> TemplateValue {
        guard let first = command.operands.first else { return .none }
        guard case .function(let function) = first.kind else { return try operand(first, dot) }
        // These two look at no more than they must.
        if function == .and || function == .or {
            var last = TemplateValue.none
            for operand in command.operands.dropFirst() {
                last = try self.operand(operand, dot)
                if last.isTrue == (function == .or) { return last }
            }
            return final ?? last
        }
        var arguments: [TemplateValue] = []
        for operand in command.operands.dropFirst() { arguments.append(try self.operand(operand, dot)) }
        if let final { arguments.append(final) }
        let call = TemplateCall(function, arguments, filler: filler) { [source] message in
            TemplateError(message, at: command.offset, in: source)
        }
        return try fields(first.fields, of: call.result(), at: first.offset)
    }

    private mutating func operand(
        _ operand: TemplateOperand, _ dot: TemplateValue
    ) throws(TemplateError) -> TemplateValue {
        let base: TemplateValue
        switch operand.kind {
        case .dot: base = dot
        case .variable(let name): base = variables.last { $0.name == name }?.value ?? .none
        case .function:
            base = try run(TemplateCommand(operands: [operand], offset: operand.offset), dot, final: nil)
            return base
        case .string(let text): base = .string(text)
        case .integer(let value): base = .integer(value)
        case .float(let value): base = .float(value)
        case .bool(let value): base = .bool(value)
        case .none: base = .none
        case .pipeline(let pipeline):
            let scope = variables.count
            base = try evaluate(pipeline, dot)
            variables.removeLast(variables.count - scope)
        }
        return try fields(operand.fields, of: base, at: operand.offset)
    }

    private func fields(
        _ names: [String], of base: TemplateValue, at offset: Int
    ) throws(TemplateError) -> TemplateValue {
        var value = base
        for name in names {
            switch (value, name) {
            case (.labels(let labels), _): value = .string(labels[name] ?? "")
            case (.sample(let sample), "Labels"): value = .labels(sample.labels)
            case (.sample(let sample), "Value"): value = .float(sample.value)
            case (.root, "Labels"): value = .labels(filler.labels)
            case (.root, "Value"): value = .float(filler.value)
            case (.root, "ExternalLabels"): value = .labels(filler.context.externalLabels)
            case (.root, "ExternalURL"): value = .string(filler.context.externalURL)
            default: throw error("can't evaluate field \(name) in type \(value.typeName)", at: offset)
            }
        }
        return value
    }

    private func error(_ message: String, at offset: Int) -> TemplateError {
        TemplateError(message, at: offset, in: source)
    }
}

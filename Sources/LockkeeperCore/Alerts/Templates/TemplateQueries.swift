public import PromQL

extension AlertTemplate {
    /// The expressions that the template asks the function `query` for, as far as they stand in it literally.
    public var queries: [Expression] {
        var texts: [String] = []
        AlertTemplate.collect(nodes, into: &texts)
        return texts.compactMap { try? Expression(parsing: $0) }
    }

    private static func collect(_ nodes: [TemplateNode], into texts: inout [String]) {
        for node in nodes {
            switch node {
            case .text, .breakLoop, .continueLoop: break
            case .output(let pipeline): collect(pipeline, into: &texts)
            case .conditional(let pipeline, let then, let otherwise), .with(let pipeline, let then, let otherwise),
                .range(let pipeline, let then, let otherwise):
                collect(pipeline, into: &texts)
                collect(then, into: &texts)
                collect(otherwise, into: &texts)
            }
        }
    }

    private static func collect(_ pipeline: TemplatePipeline, into texts: inout [String]) {
        let operands = pipeline.commands.flatMap(\.operands)
        let asks = operands.contains { if case .function(.query) = $0.kind { true } else { false } }
        for operand in operands {
            switch operand.kind {
            case .string(let text) where asks: texts.append(text)
            case .pipeline(let inner): collect(inner, into: &texts)
            default: break
            }
        }
    }
}

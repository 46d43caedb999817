extension MetricCatalog {
    public static let leader = NumberMetric<TargetLabels>.gauge(
        "lockkeeper_leader",
        help:
            "Whether this agent tells people of the target, of several that watch it; also while it cannot know whether another does."
    )

    public static let leadershipKnown = NumberMetric<TargetLabels>.gauge(
        "lockkeeper_leadership_known",
        help: "Whether the target's lock says which agent tells people of it; if not, each of them does.")

    static let leadershipFamilies: [MetricDescriptor] = [leader.descriptor, leadershipKnown.descriptor]
}

//! The Prometheus text formats: text 0.0.4, text 1.0.0 with quoted names, and OpenMetrics, as one grammar.

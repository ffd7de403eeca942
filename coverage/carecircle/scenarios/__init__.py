"""What would hold if: a study under changed facilities, roads, people and limits."""

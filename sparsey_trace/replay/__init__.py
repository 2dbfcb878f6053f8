"""How metrics are computed: plans, engines, tables; and how runs compare."""

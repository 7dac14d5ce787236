"""FairnessEvaluator: is the model good enough, and for whom?"""

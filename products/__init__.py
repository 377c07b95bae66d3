"""The journeys of the company's products: steps that turn a wish into facts and sealed values through the vault."""

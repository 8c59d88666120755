"""What the webhook route is compared with, under the same load: the least that is durable, and what people write."""

-- Which images name a channel: asked on its page, and by the deletion of a channel, which takes it from them.
CREATE INDEX repositories_by_channel ON repositories (channel_id, id) WHERE channel_id IS NOT NULL;

"""The pages: server-rendered, complete without JavaScript; they read by queries and write by the API's commands."""

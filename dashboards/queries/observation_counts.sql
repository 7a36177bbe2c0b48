-- How many observations of each kind are stored; a number counts once.
SELECT kind, count() AS observations
FROM observations FINAL
WHERE outcome = 'stored' AND ({everything:Bool} OR device IN {devices:Array(UUID)})
GROUP BY kind
ORDER BY kind
